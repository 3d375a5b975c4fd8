using System.Net;
using System.Text.Json;
using BackdoorLab.Data;
using BackdoorLab.Web.Hosting;
using BackdoorLab.Web.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace BackdoorLab.Web.Tests.Jobs;

[Trait("Category", "Slow")]
public sealed class WebhookTests
{
    [Fact]
    public async Task Run_Ended_IsToldOnceEvenAfterAFailedTry()
    {
        var told = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var calls = 0;
        await using var listener = WebApplication.Create();
        listener.Urls.Add("http://127.0.0.1:0");
        listener.MapPost(
            "/hook",
            async (HttpRequest request) =>
            {
                if (Interlocked.Increment(ref calls) == 1)
                {
                    return HttpResults.StatusCode((int)HttpStatusCode.ServiceUnavailable);
                }

                told.TrySetResult(await new StreamReader(request.Body).ReadToEndAsync());
                return HttpResults.Ok();
            }
        );
        await listener.StartAsync();
        await using var lab = await TestLab.StartAsync(options => options.Webhook = listener.Urls.First() + "/hook");
        lab.Workers.Next(worker => worker.Complete());

        var id = await lab.SubmitAsync();
        await lab.Reaches(id, RunState.Succeeded);

        using var news = JsonDocument.Parse(await told.Task.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Equal("run-ended", news.RootElement.GetProperty("event").GetString());
        Assert.Equal(
            (id, "Succeeded"),
            (
                news.RootElement.GetProperty("run").GetProperty("id").GetString(),
                news.RootElement.GetProperty("run").GetProperty("state").GetString()
            )
        );
        Assert.Equal(2, calls);
    }

    [Fact]
    public void Webhook_ThatIsNoAddress_IsAFaultOfTheSettings()
    {
        var error = Assert.Throws<OptionsValidationException>(() =>
            LabOptionsReader.Read(new Dictionary<string, string?> { ["webhook"] = "ftp://x" })
        );

        Assert.Contains(error.Failures, fault => fault.StartsWith("webhook:", StringComparison.Ordinal));
    }
}
