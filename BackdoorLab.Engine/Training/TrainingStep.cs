using BackdoorLab.Engine.Models;
using BackdoorLab.Engine.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Training;

/// <summary>The parts of a step that central and federated training share.</summary>
internal static class TrainingStep
{
    /// <summary>Forward and backward pass of a batch; returns the loss, in the caller's scope.</summary>
    /// <param name="model">Gradients are added to its parameters.</param>
    /// <param name="images">float [n,C,H,W] in [0,1].</param>
    /// <param name="labels">int64 [n].</param>
    /// <param name="bfloat16">Whether convolutions and linear layers run in bfloat16.</param>
    /// <param name="smoothing">Share of each label that is spread evenly over all classes; null for none.</param>
    internal static Tensor Backward(
        Classifier model,
        Tensor images,
        Tensor labels,
        bool bfloat16,
        LabelSmoothing? smoothing = null
    )
    {
        return Backward(
            () =>
            {
                var values = Logits(model, images);
                return smoothing is null ? nn.functional.cross_entropy(values, labels) : smoothing.Loss(values, labels);
            },
            bfloat16
        );
    }

    /// <summary>The same with a loss of the caller's.</summary>
    internal static Tensor Backward(Func<Tensor> loss, bool bfloat16)
    {
        Tensor value;
        using (Autocast.BFloat16If(bfloat16))
        {
            value = loss();
        }

        value.backward();
        return value;
    }

    /// <summary>Logits float32 [n, classes] of a batch, also where the network runs in bfloat16.</summary>
    internal static Tensor Logits(Classifier model, Tensor images)
    {
        var logits = model.call(images);
        return logits.dtype == ScalarType.Float32 ? logits : logits.to_type(ScalarType.Float32);
    }
}
