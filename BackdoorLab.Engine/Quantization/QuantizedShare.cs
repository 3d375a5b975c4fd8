using BackdoorLab.Engine.Models;

namespace BackdoorLab.Engine.Quantization;

/// <summary>How much of a network a precision really touches.</summary>
internal static class QuantizedShare
{
    /// <summary>Share of all parameters that <paramref name="counted"/> gives per layer.</summary>
    public static double OfParameters(Classifier model, Func<WeightLayer, long> counted) =>
        (double)model.modules().OfType<WeightLayer>().Sum(counted)
        / model.parameters().Sum(parameter => parameter.numel());

    /// <summary>
    /// Share of one image's multiply-adds that run in layers of which <paramref name="counted"/> is true, and in
    /// attention where <paramref name="attention"/> says so.
    /// </summary>
    public static double OfMultiplyAdds(Classifier model, Func<WeightLayer, bool> counted, bool attention = false)
    {
        var cost = CostMeter.Of(model);
        var reduced = cost.Layers.Where(layer => counted(layer.Layer)).Sum(layer => layer.MultiplyAdds);
        return (double)(attention ? reduced + cost.AttentionMultiplyAdds : reduced) / cost.MultiplyAdds;
    }
}
