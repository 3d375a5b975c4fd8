using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace BackdoorLab.Web.Tests.Support;

/// <summary>What a dashboard logs as an error, for the message of a test that meets its answer alone.</summary>
internal sealed class ErrorLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        if (IsEnabled(logLevel))
        {
            _lines.Enqueue($"{formatter(state, exception)}\n{exception}");
        }
    }

    public void Dispose() { }

    public override string ToString() => string.Join('\n', _lines);
}
