namespace BackdoorLab.Web.Security;

/// <summary>
/// One change of accounts at a time: two administrators who disable each other at the same moment must not both
/// succeed.
/// </summary>
public sealed class AccountGate : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>Waits for the others, then changes.</summary>
    public async Task<T> Pass<T>(Func<Task<T>> change)
    {
        await _gate.WaitAsync();
        try
        {
            return await change();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();
}
