namespace BackdoorLab.Data.Entities;

/// <summary>What an API key allows.</summary>
public enum ApiScope
{
    /// <summary>Reading alone.</summary>
    Read,

    /// <summary>Also submitting and cancelling.</summary>
    Run,
}
