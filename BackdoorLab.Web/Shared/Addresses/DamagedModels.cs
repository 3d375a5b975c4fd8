namespace BackdoorLab.Web.Shared.Addresses;

/// <summary>How an address says whether models that are no victims count in its numbers.</summary>
public static class DamagedModels
{
    /// <summary>Name of the value.</summary>
    public const string Query = "damaged";

    /// <summary>The value with which they count; with any other they do not.</summary>
    public const string Counted = "1";
}
