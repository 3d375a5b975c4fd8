using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using BackdoorLab.Engine.Core;
using static TorchSharp.torch;

namespace BackdoorLab.Engine.Federated;

/// <summary>
/// Model replacement: the upload is multiplied. Bagdasaryan et al., "How To Backdoor Federated Learning", AISTATS 2020.
/// </summary>
[Method(
    "scaling",
    "Scaling",
    Order = 3,
    Summary = "The attacker multiplies its update, so that it outweighs the others.",
    Paper = "E. Bagdasaryan, A. Veit, Y. Hua, D. Estrin, V. Shmatikov: How To Backdoor Federated Learning. "
        + "AISTATS 2020."
)]
public sealed record Scaling : AttackerBehaviour
{
    /// <summary>Factor of the update.</summary>
    [Range(1.0, 1000.0)]
    [Description("The attacker's update is multiplied by this.")]
    public double Boost { get; init; } = 5;

    /// <inheritdoc/>
    public override void Send(Tensor change)
    {
        using var factor = tensor((float)Boost);
        change.mul_(factor);
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Warnings(FederationSetting setting)
    {
        if (Boost == 1)
        {
            yield return "Scaling by 1 scales nothing: the attacker only poisons its data.";
        }

        if (!setting.Federation.Aggregator.SeesLengths)
        {
            yield return "Scaling makes no difference under a majority of signs, which see no lengths: the attacker only "
                + "poisons its data.";
        }
    }
}
