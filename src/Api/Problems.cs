using System.Data.Common;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Contracts;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Runs;

namespace Api;

/// <summary>Every refusal and every failure as RFC 9457 problem details: where, what was found, what is needed. Never a stack trace.</summary>
internal static partial class Problems
{
    private const string Types = "urn:gnnservice:problem:";

    private static readonly string[] OurPaths = ["/api", "/hubs", "/health", "/openapi", "/swagger", "/hangfire"];

    /// <summary>Our own routes, and whatever does not ask for a page.</summary>
    public static bool AreOurs(HttpContext http) =>
        OurPaths.Any(path => http.Request.Path.StartsWithSegments(path)) ||
        !http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    /// <summary>The request cannot be read.</summary>
    public static ProblemHttpResult Malformed(params SpecFault[] faults) =>
        WithFaults(400, "malformed-request", "The request cannot be read", faults);

    /// <summary>It can be read, and asks for something that cannot be.</summary>
    public static ProblemHttpResult InvalidSpec(IEnumerable<SpecFault> faults) =>
        WithFaults(422, "invalid-run-spec", "The run spec cannot be trained", faults);

    public static ProblemHttpResult InvalidSweep(IEnumerable<SpecFault> faults) =>
        WithFaults(422, "invalid-sweep", "The sweep cannot be trained", faults);

    public static ProblemHttpResult UnknownGroup(string group) =>
        Tell(404, "unknown-group", "No such group", $"found no run in group \"{group}\", needed a group label of a run from GET /api/v1/runs");

    public static ProblemHttpResult UnknownRun(Guid id) =>
        Tell(404, "unknown-run", "No such run", $"found no run {id}, needed the id of a run from GET /api/v1/runs");

    public static ProblemHttpResult UnknownKey() => Tell(404, "unknown-key", "No such key", "found no key of that id, needed one from GET /api/v1/keys");

    public static ProblemHttpResult Foreign() =>
        Tell(403, "foreign-origin", "Not from here", "found another site's Host or Origin, needed this machine's own: the service lets in without a key only who sits at it");

    public static ProblemHttpResult InvalidEdit(IEnumerable<SpecFault> faults) =>
        WithFaults(422, "invalid-edit", "The run cannot be changed so", faults);

    public static ProblemHttpResult NoIfMatch() =>
        Tell(428, "no-if-match", "If-Match is needed", "found no If-Match header, needed one with the ETag that GET answered");

    public static ProblemHttpResult Changed(string wanted, string found) =>
        Tell(412, "changed", "The run was changed meanwhile", $"found ETag {found}, needed {wanted} as If-Match says: read the run again");

    public static ProblemHttpResult InvalidState(RunStatus status)
    {
        var allowed = RunTransitions.ForUsers.Where(action => RunTransitions.Next(status, action) is not null).Select(action => ContractJson.NameOf(action)).ToArray();
        return Tell(409, "invalid-state", "The run's status does not allow it", $"found a run that is {ContractJson.NameOf(status)}, which allows {(allowed.Length == 0 ? "no change any more" : string.Join(", ", allowed))}",
            ("runStatus", status), ("allowed", allowed));
    }

    public static ProblemHttpResult NotReady(IReadOnlyDictionary<string, string> reasons) =>
        Tell(503, "not-ready", "Not ready", string.Join("; ", reasons.Select(reason => $"{reason.Key}: {reason.Value}")), ("checks", reasons));

    /// <summary>For answers that so far have a status and nothing else: unknown routes, wrong methods, wrong media types.</summary>
    public static Task WriteStatus(HttpContext http)
    {
        var request = http.Request;
        var problem = http.Response.StatusCode switch
        {
            404 => Tell(404, "unknown-route", "No such route", $"found {request.Method} {request.Path}, needed a route of /openapi/v1.json"),
            405 => Tell(405, "wrong-method", "The route has no such method", $"found {request.Method}, needed {http.Response.Headers.Allow}"),
            415 => Tell(415, "wrong-media-type", "The body is of the wrong media type", $"found {request.ContentType ?? "none"}, needed application/json"),
            401 => Tell(401, "no-key", "A key is needed", "found no key that opens anything, needed the header Authorization: Bearer gnn_…"),
            403 => Tell(403, "forbidden", "Not allowed", "the key's scope does not reach so far"),
            429 => Tell(429, "too-many-requests", "Too many requests", "wait as long as Retry-After says, in seconds"),
            var status => TypedResults.Problem(statusCode: status),
        };
        return problem.ExecuteAsync(http);
    }

    public static Task WriteException(HttpContext http)
    {
        var failure = http.Features.Get<IExceptionHandlerFeature>()!.Error;
        var problem = failure switch
        {
            BadHttpRequestException { StatusCode: 413 } =>
                Tell(413, "body-too-large", "The body is too large", $"found a body of more than {RunsApi.MaxBodyBytes} bytes, needed at most that"),
            BadHttpRequestException bad => Unbound(bad),
            _ when IsStoreAway(failure) => Tell(503, "store-away", "The store is away", "the store of runs does not answer; try again"),
            _ => Tell(500, "internal", "The service failed", "the service's log tells more under this traceId"),
        };
        return problem.ExecuteAsync(http);
    }

    private static ProblemHttpResult Unbound(BadHttpRequestException bad)
    {
        var binding = UnboundParameter().Match(bad.Message);
        if (!binding.Success) { return Tell(bad.StatusCode, "malformed-request", "The request cannot be read", bad.Message); }

        var needed = binding.Groups["type"].Value switch { "Guid" => "a UUID", "int" or "long" => "a whole number", var other => other };
        return Malformed(new SpecFault(binding.Groups["name"].Value, $"found \"{binding.Groups["value"].Value}\", needed {needed}"));
    }

    private static ProblemHttpResult WithFaults(int status, string type, string title, IEnumerable<SpecFault> faults)
    {
        var errors = faults.GroupBy(fault => fault.Path).ToDictionary(group => group.Key, group => group.Select(fault => fault.Message).ToArray());
        return Tell(status, type, title, string.Join("; ", errors.Select(error => $"{error.Key}: {error.Value[0]}")), ("errors", errors));
    }

    private static ProblemHttpResult Tell(int status, string type, string title, string detail, params (string Name, object? Value)[] more) =>
        TypedResults.Problem(detail, statusCode: status, title: title, type: Types + type, extensions: more.ToDictionary(m => m.Name, m => m.Value));

    private static bool IsStoreAway(Exception? failure) =>
        failure is not null && (failure is DbException or TimeoutException || IsStoreAway(failure.InnerException));

    // The framework's words for a route or query value that is not of its type.
    [GeneratedRegex("""^Failed to bind parameter "(?:Nullable<)?(?<type>\w+)[>?]* (?<name>\w+)" from "(?<value>.*)"\.$""", RegexOptions.Singleline)]
    private static partial Regex UnboundParameter();

    /// <summary>The framework's own writer keeps to the Accept header and says nothing to a browser; a refusal must be told to anyone.</summary>
    public sealed class Writer : IProblemDetailsWriter
    {
        public bool CanWrite(ProblemDetailsContext context) => AreOurs(context.HttpContext);

        public ValueTask WriteAsync(ProblemDetailsContext context)
        {
            var http = context.HttpContext;
            context.ProblemDetails.Instance = http.Request.Path;
            context.ProblemDetails.Extensions["traceId"] = Activity.Current?.Id ?? http.TraceIdentifier;
            return new(http.Response.WriteAsJsonAsync(context.ProblemDetails, ContractJson.Options, "application/problem+json", http.RequestAborted));
        }
    }
}
