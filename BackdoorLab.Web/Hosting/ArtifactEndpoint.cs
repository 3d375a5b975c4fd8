using System.Text.RegularExpressions;
using BackdoorLab.Engine.Experiments;
using BackdoorLab.Web.Files;

namespace BackdoorLab.Web.Hosting;

/// <summary>
/// <c>/artifacts/{stage}/{file}</c>: pictures and figures of the store. A stage's folder is named by its content, so an
/// answer never changes and may be kept by the browser for ever.
/// </summary>
public static partial class ArtifactEndpoint
{
    private const string Forever = "public, max-age=31536000, immutable";

    // With accounts no cache on the way may hand it to others.
    private const string OwnForever = "private, max-age=31536000, immutable";

    /// <summary>Adds the endpoint.</summary>
    public static void MapArtifacts(this IEndpointRouteBuilder routes) =>
        routes.MapGet(
            "/artifacts/{stage}/{file}",
            (string stage, string file, LabOptions options, HttpContext context) =>
                Serve(stage, file, options, context, options.Mode == LabMode.Local ? Forever : OwnForever)
        );

    /// <summary>Answers with a file; the caller knows that it may be seen.</summary>
    internal static IResult Serve(string stage, string file, LabOptions options, HttpContext context, string caching)
    {
        if (ShownFiles.ContentType(file) is not { } type || !SafeName().IsMatch(stage) || !SafeName().IsMatch(file))
        {
            return HttpResults.NotFound();
        }

        var path = new ArtifactStore(options.ArtifactFolder).PathOf(stage, file);
        if (!File.Exists(path))
        {
            return HttpResults.NotFound();
        }

        context.Response.Headers.CacheControl = caching;
        return HttpResults.File(path, type);
    }

    // No separator, no leading dot: a name cannot leave its folder.
    [GeneratedRegex("^[A-Za-z0-9_-][A-Za-z0-9._-]{1,127}$")]
    private static partial Regex SafeName();
}
