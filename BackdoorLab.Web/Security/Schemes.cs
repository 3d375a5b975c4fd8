namespace BackdoorLab.Web.Security;

/// <summary>Names of the ways by which a request shows who sends it.</summary>
internal static class Schemes
{
    /// <summary>Chooses among the others by the request.</summary>
    public const string Any = "Lab";

    /// <summary>A lab without accounts: whoever reaches it.</summary>
    public const string Local = "Local";

    /// <summary><c>Authorization: Bearer</c> with an API key.</summary>
    public const string ApiKey = "ApiKey";
}
