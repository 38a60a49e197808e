using Contracts;
using Microsoft.AspNetCore.SignalR.Client;

namespace Web.Live;

/// <summary>A connection to the runs hub that never gives up, and says each time it is there (again) or lost.</summary>
public sealed class HubLine : IAsyncDisposable
{
    private readonly CancellationTokenSource _over = new();
    private readonly TimeProvider _time;
    private readonly Action _connected;
    private readonly Action<string> _lost;
    private Task _starting = Task.CompletedTask;

    public HubLine(ApiAddress address, TimeProvider time, Action connected, Action<string> lost)
    {
        (_time, _connected, _lost) = (time, connected, lost);
        Connection = new HubConnectionBuilder()
            .WithUrl(new Uri(address.Value, RunHub.Path.TrimStart('/')), http => http.AccessTokenProvider = () => Task.FromResult(address.Secret))
            .AddJsonProtocol(json => ContractJson.Configure(json.PayloadSerializerOptions))
            .WithAutomaticReconnect(new Endless())
            .Build();

        // Groups belong to a connection: whoever listens has to join again, each time.
        Connection.Reconnected += _ => { connected(); return Task.CompletedTask; };
        Connection.Reconnecting += why => { lost(Reason(why)); return Task.CompletedTask; };
        Connection.Closed += why =>
        {
            if (_over.IsCancellationRequested) { return Task.CompletedTask; }
            lost(Reason(why));
            Start();
            return Task.CompletedTask;
        };
    }

    public HubConnection Connection { get; }

    public void Start() => _starting = KeepStarting();

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _starting;
        await Connection.DisposeAsync();
        _over.Dispose();
    }

    // Automatic reconnection covers established connections only; the first one is ours to repeat.
    private async Task KeepStarting()
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await Connection.StartAsync(_over.Token);
                _connected();
                return;
            }
            catch (Exception) when (_over.IsCancellationRequested)
            {
                return;
            }
            catch (Exception refused)
            {
                // Whatever the transport throws, the answer is the same: say so and try again.
                _lost(Reason(refused));
            }

            try { await Task.Delay(Wait(attempt), _time, _over.Token); }
            catch (OperationCanceledException) { return; }
        }
    }

    private static string Reason(Exception? why) => why?.Message ?? "the connection was closed";

    private static TimeSpan Wait(long attempt) => TimeSpan.FromSeconds(Math.Min(5, 0.25 * Math.Pow(2, Math.Min(attempt, 10))));

    /// <summary>SignalR's own policy gives up after the fourth try.</summary>
    private sealed class Endless : IRetryPolicy
    {
        public TimeSpan? NextRetryDelay(RetryContext context) => Wait(context.PreviousRetryCount);
    }
}
