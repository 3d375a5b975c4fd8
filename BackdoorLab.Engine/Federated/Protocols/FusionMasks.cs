namespace BackdoorLab.Engine.Federated;

/// <summary>Which masks the consensus counts.</summary>
public enum FusionMasks
{
    /// <summary>Those that clients trained with in the last round, as the released code counts.</summary>
    StartOfRound,

    /// <summary>Those that they ended the last round with, as the paper's Eq. 6 counts.</summary>
    EndOfRound,
}
