using BackdoorLab.Web.Jobs;
using Microsoft.AspNetCore.Components;

namespace BackdoorLab.Web.Shared.Controls;

/// <summary>A component that asks the database again when the feed says that something changed.</summary>
public abstract class LiveComponent : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private IDisposable? _subscription;
    private string? _followed;

    [Inject]
    public required RunFeed Feed { get; set; }

    [Inject]
    public required TimeProvider Time { get; set; }

    /// <summary>Cancelled when the component is left.</summary>
    protected CancellationToken Gone => _gone.Token;

    /// <summary>Now, UTC.</summary>
    protected DateTime Now => Time.GetUtcNow().UtcDateTime;

    public virtual void Dispose()
    {
        _subscription?.Dispose();
        _gone.Cancel();
        _gone.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Whether what the feed told can have changed what is shown here: thirty pages that look must not read and draw
    /// for nothing.
    /// </summary>
    protected virtual bool HasNews => true;

    /// <summary>Reads what is shown.</summary>
    protected abstract Task Load();

    /// <summary>
    /// Follows one run, or all when <paramref name="runId"/> is null; a second call moves to another run.
    /// </summary>
    protected void Follow(string? runId, TimeSpan interval)
    {
        if (_subscription is not null && _followed == runId)
        {
            return;
        }

        _subscription?.Dispose();
        _followed = runId;
        _subscription = runId is null ? Feed.SubscribeAll(Changed, interval) : Feed.Subscribe(runId, Changed, interval);
    }

    /// <summary>
    /// Renders now and then while <paramref name="running"/>: elapsed and remaining time move without any news.
    /// </summary>
    /// <param name="running">Whether time matters.</param>
    /// <param name="interval">Time between two renderings; a second when null.</param>
    protected void KeepTime(Func<bool> running, TimeSpan? interval = null) =>
        _ = Beat(running, interval ?? TimeSpan.FromSeconds(1), _gone.Token);

    private async Task Beat(Func<bool> running, TimeSpan interval, CancellationToken gone)
    {
        using var timer = new PeriodicTimer(interval, Time);
        try
        {
            while (await timer.WaitForNextTickAsync(gone))
            {
                if (running())
                {
                    await InvokeAsync(StateHasChanged);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
        {
            // The component has been left.
        }
    }

    private Task Changed() =>
        InvokeAsync(async () =>
        {
            if (!_gone.IsCancellationRequested && HasNews)
            {
                await Load();
                StateHasChanged();
            }
        });
}
