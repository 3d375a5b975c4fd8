using System.Collections.Concurrent;
using TorchSharp;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Models;

/// <summary>Size of one weight layer.</summary>
/// <param name="Name">State-dict name.</param>
/// <param name="Layer">The layer.</param>
/// <param name="Parameters">Weights and biases.</param>
/// <param name="MultiplyAdds">Multiply-adds of one image's forward pass.</param>
public sealed record LayerCost(string Name, WeightLayer Layer, long Parameters, long MultiplyAdds);

/// <summary>What one image's forward pass costs.</summary>
/// <param name="Layers">Every weight layer, in the order they run.</param>
/// <param name="AttentionMultiplyAdds">
/// Multiply-adds between activations: queries with keys and shares with values, twice tokens squared times width for
/// each attention. Softmax and normalisation are not counted anywhere.
/// </param>
public sealed record NetworkCost(IReadOnlyList<LayerCost> Layers, long AttentionMultiplyAdds)
{
    /// <summary>All of them.</summary>
    public long MultiplyAdds => Layers.Sum(layer => layer.MultiplyAdds) + AttentionMultiplyAdds;
}

/// <summary>
/// Counts parameters and multiply-adds by running one image through the real network and reading what each layer puts
/// out.
/// </summary>
public static class CostMeter
{
    private static readonly ConcurrentDictionary<(ModelSource, int, int, int, int), ModelCost> Known = new();

    /// <summary>The cost of an architecture. The random stream of the caller is left as it was.</summary>
    public static ModelCost Measure(ModelSource source, ClassifierShape shape) =>
        Known.GetOrAdd(
            (source, shape.Channels, shape.Height, shape.Width, shape.Classes),
            _ =>
            {
                using var model = RandomStream.Untouched(() => source.Build(shape));
                return new ModelCost(model.parameters().Sum(parameter => parameter.numel()), Of(model).MultiplyAdds);
            }
        );

    /// <summary>The cost of every weight layer, in the order they run.</summary>
    public static IReadOnlyList<LayerCost> Layers(Classifier model) => Of(model).Layers;

    /// <summary>The cost of a network.</summary>
    public static NetworkCost Of(Classifier model)
    {
        var names = model
            .named_modules()
            .Where(entry => entry.module is WeightLayer)
            .ToDictionary(entry => entry.module, entry => entry.name);
        var costs = new List<LayerCost>();
        var counter = new AttentionCounter();
        var unhook = new List<Action>();
        var wasTraining = model.training;
        try
        {
            foreach (var layer in names.Keys.Cast<WeightLayer>())
            {
                var hook = layer.register_forward_hook(
                    (_, _, output) =>
                    {
                        // Every output element is one dot product over all inputs of its output channel.
                        var products = layer.weight.numel() / layer.weight.shape[0];
                        var parameters = layer.weight.numel() + (layer.bias?.numel() ?? 0);
                        costs.Add(new LayerCost(names[layer], layer, parameters, output.numel() * products));
                        return output;
                    }
                );
                unhook.Add(hook.remove);
            }

            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            model.eval();
            model.Logits(counter, zeros(1, model.Shape.Channels, model.Shape.Height, model.Shape.Width));
        }
        finally
        {
            unhook.ForEach(remove => remove());
            model.train(wasTraining);
        }

        return new(costs, counter.MultiplyAdds);
    }

    private sealed class AttentionCounter : FloatArithmetic
    {
        internal long MultiplyAdds { get; private set; }

        public override Tensor Attend(Tensor queriesKeysValues, int heads)
        {
            var (tokens, width) = (queriesKeysValues.shape[1], queriesKeysValues.shape[2] / 3);
            MultiplyAdds += 2 * tokens * tokens * width;
            return base.Attend(queriesKeysValues, heads);
        }
    }
}
