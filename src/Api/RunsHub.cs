using Contracts;
using Microsoft.AspNetCore.SignalR;

namespace Api;

/// <summary>
/// Clients join a group, then fetch the history over REST, then drop what comes twice by <c>seq</c>. Membership ends with the
/// connection, so a client that reconnects does all three again.
/// </summary>
public sealed class RunsHub : Hub<IRunClient>, IRunHub
{
    internal const string ListGroup = "runs";

    public Task WatchRun(Guid id) => Groups.AddToGroupAsync(Context.ConnectionId, GroupOf(id), Context.ConnectionAborted);

    public Task UnwatchRun(Guid id) => Groups.RemoveFromGroupAsync(Context.ConnectionId, GroupOf(id), Context.ConnectionAborted);

    public Task WatchRuns() => Groups.AddToGroupAsync(Context.ConnectionId, ListGroup, Context.ConnectionAborted);

    public Task UnwatchRuns() => Groups.RemoveFromGroupAsync(Context.ConnectionId, ListGroup, Context.ConnectionAborted);

    internal static string GroupOf(Guid id) => $"run:{id}";
}
