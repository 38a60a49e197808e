using System.Text;
using Microsoft.Extensions.Logging;

namespace Api.Tests;

/// <summary>All that the service writes to its log, as one text.</summary>
public sealed class StringLog : ILoggerProvider, ILogger
{
    private readonly StringBuilder text = new();

    public override string ToString() { lock (text) { return text.ToString(); } }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (text) { text.Append(formatter(state, exception)).AppendLine(exception?.ToString()); }
    }

    public void Dispose() { }
}
