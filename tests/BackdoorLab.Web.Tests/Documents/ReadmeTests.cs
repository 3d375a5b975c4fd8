using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using BackdoorLab.Data;
using BackdoorLab.Engine.Tests.Structure;
using BackdoorLab.Web.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace BackdoorLab.Web.Tests.Documents;

/// <summary>What the README says of scripts, done.</summary>
public sealed partial class ReadmeTests
{
    private static string Readme { get; } =
        File.ReadAllText(Path.Combine(Repository.Root, "README.md")).ReplaceLineEndings("\n");

    [Fact]
    public void Readme_IsShort() =>
        Assert.True(
            Readme.Split('\n').Length <= 150,
            "README.md: at most 150 lines; results belong into docs/results."
        );

    [Fact]
    public async Task Curl_WithTheSpec_SubmitsARunThatIsReadWhenItHasSucceeded()
    {
        await using var lab = await GroupLab.StartAsync();
        lab.Lab.Workers.Next(worker => worker.Complete());
        var (_, key) = await lab
            .Services.GetRequiredService<ApiKeyStore>()
            .CreateAsync("script", "researcher", ApiScope.Run);
        var lines = Curl().Matches(Readme).Select(match => match.Value).ToList();
        Assert.Equal(3, lines.Count);

        var submitted = JsonNode.Parse(await Do(lab, lines[0], key, ""))!;
        var id = (string)submitted["id"]!;
        await lab.Lab.Reaches(id, RunState.Succeeded);
        var found = JsonNode.Parse(await Do(lab, lines[1], key, id))!;
        var cells = await Do(lab, lines[2], key, id);

        Assert.Equal($"/runs/{id}", (string?)submitted["page"]);
        Assert.Equal("BadNets from a script", (string?)found["run"]!["name"]);
        Assert.Equal("succeeded", (string?)found["run"]!["state"]);
        Assert.StartsWith("run,model,precision,defense,outcome,", cells, StringComparison.Ordinal);
    }

    /// <summary>Does what curl would: the address, each -H, and -d @spec.json as the README's JSON.</summary>
    private static async Task<string> Do(GroupLab lab, string curl, string key, string id)
    {
        string Filled(string text) =>
            text.Replace("$LAB", lab.Lab.Address.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal)
                .Replace("$ID", id, StringComparison.Ordinal)
                .Replace("$KEY", key, StringComparison.Ordinal);
        var words = Word().Matches(curl).Select(match => Filled(match.Value.Trim('"', '\''))).ToList();
        var body = words.Contains("-d") ? Spec().Match(Readme).Groups[1].Value : null;
        var address = words.Single(word => word.StartsWith("http", StringComparison.Ordinal));
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, address);
        request.Content = body is null ? null : new StringContent(body);
        foreach (
            var header in words
                .Zip(words.Skip(1))
                .Where(pair => pair.First == "-H")
                .Select(pair => pair.Second.Split(": ", 2))
        )
        {
            if (!request.Headers.TryAddWithoutValidation(header[0], header[1]))
            {
                request.Content!.Headers.Remove(header[0]);
                request.Content.Headers.Add(header[0], header[1]);
            }
        }

        using var client = new HttpClient();
        using var answer = await client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(
            answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created,
            $"{curl} was answered with {answer.StatusCode}: {text}\n{lab.Lab.Errors}"
        );
        return text;
    }

    [GeneratedRegex("^curl .*$", RegexOptions.Multiline)]
    private static partial Regex Curl();

    [GeneratedRegex("""("[^"]*"|'[^']*'|\S+)""")]
    private static partial Regex Word();

    [GeneratedRegex("```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Spec();
}
