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
    internal static Tensor Backward(Classifier model, Tensor images, Tensor labels, bool bfloat16)
    {
        Tensor loss;
        using (Autocast.BFloat16If(bfloat16))
        {
            var logits = model.call(images);
            loss = nn.functional.cross_entropy(bfloat16 ? logits.to_type(ScalarType.Float32) : logits, labels);
        }

        loss.backward();
        return loss;
    }

    /// <summary>Stamps those images of a batch that <paramref name="mask"/> marks, in place.</summary>
    /// <param name="images">float [n,C,H,W], of the images at <paramref name="indices"/>.</param>
    /// <param name="indices">Their numbers in the whole set.</param>
    /// <param name="mask">One entry for each image of the set.</param>
    /// <param name="stamp">What is done to them.</param>
    internal static Tensor Stamp(Tensor images, ReadOnlySpan<int> indices, IReadOnlyList<bool> mask, Func<Tensor, Tensor> stamp)
    {
        var rows = new List<long>();
        for (var i = 0; i < indices.Length; i++)
        {
            if (mask[indices[i]])
            {
                rows.Add(i);
            }
        }

        if (rows.Count > 0)
        {
            using var noGrad = no_grad();
            var which = tensor(rows.ToArray());
            images.index_copy_(0, which, stamp(images.index_select(0, which)));
        }

        return images;
    }
}
