using BackdoorLab.Data;

namespace BackdoorLab.Web.Jobs;

/// <summary>
/// Tells an address of the lab's choice that a run has ended. It is tried three times; a run never waits for it or
/// fails with it.
/// </summary>
public sealed class Webhook(LabOptions options, RunListQuery results, TimeProvider time, ILogger<Webhook> logger)
    : IDisposable
{
    private const int Tries = 3;

    // A redirect could lead to where the lab's administrator did not point.
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false })
    {
        Timeout = TimeSpan.FromSeconds(10),
    };

    /// <summary>Sends the news, if anybody wants it.</summary>
    /// <param name="runId">The run that has ended.</param>
    public void Ended(string runId)
    {
        if (options.Webhook.Length > 0)
        {
            _ = Send(runId);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task Send(string runId)
    {
        try
        {
            if (await results.FindItemAsync(runId) is not { } run)
            {
                return;
            }

            var news = new
            {
                schema = 1,
                @event = "run-ended",
                run = new
                {
                    run.Id,
                    run.Name,
                    State = run.State.ToString(),
                    run.Dataset,
                    run.Model,
                    run.Attack,
                    run.PoisonRate,
                    run.PoisonedImages,
                    run.PoisonedShare,
                    run.Seed,
                    run.StudyId,
                    run.Owner,
                    run.ElapsedSeconds,
                    run.CleanAccuracy,
                    run.AttackSuccessRate,
                    run.Error,
                },
            };
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    using var answer = await _client.PostAsJsonAsync(options.Webhook, news);
                    answer.EnsureSuccessStatusCode();
                    return;
                }
                catch (Exception error) when (error is HttpRequestException or TaskCanceledException && attempt < Tries)
                {
                    await Task.Delay(TimeSpan.FromSeconds(5 * attempt), time);
                }
            }
        }
        catch (Exception error)
        {
            logger.LogWarning("The webhook was not told that run {Run} has ended: {Reason}", runId, error.Message);
        }
    }
}
