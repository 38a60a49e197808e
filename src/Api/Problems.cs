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

    /// <summary>Every type of problem with its status and title; the OpenAPI document lists them.</summary>
    public static IReadOnlyDictionary<string, (int Status, string Title)> Known { get; } = new Dictionary<string, (int, string)>
    {
        ["malformed-request"] = (400, "The request cannot be read"),
        ["no-key"] = (401, "A key is needed"),
        ["forbidden"] = (403, "Not allowed"),
        ["foreign-origin"] = (403, "Not from here"),
        ["unknown-run"] = (404, "No such run"),
        ["unknown-group"] = (404, "No such group"),
        ["unknown-key"] = (404, "No such key"),
        ["unknown-route"] = (404, "No such route"),
        ["wrong-method"] = (405, "The route has no such method"),
        ["invalid-state"] = (409, "The run's status does not allow it"),
        ["changed"] = (412, "The run was changed meanwhile"),
        ["body-too-large"] = (413, "The body is too large"),
        ["wrong-media-type"] = (415, "The body is of the wrong media type"),
        ["invalid-run-spec"] = (422, "The run spec cannot be trained"),
        ["invalid-sweep"] = (422, "The sweep cannot be trained"),
        ["does-not-fit"] = (422, "No known worker has the memory"),
        ["invalid-edit"] = (422, "The run cannot be changed so"),
        ["idempotency-key-reused"] = (422, "The idempotency key stands for another request"),
        ["no-if-match"] = (428, "If-Match is needed"),
        ["too-many-requests"] = (429, "Too many requests"),
        ["internal"] = (500, "The service failed"),
        ["store-away"] = (503, "The store is away"),
        ["not-ready"] = (503, "Not ready"),
    };

    public static string UrnOf(string type) => Types + type;

    private static readonly string[] OurPaths = ["/api", "/hubs", "/health", "/openapi", "/swagger", "/hangfire"];

    /// <summary>Our own routes, and whatever does not ask for a page.</summary>
    public static bool AreOurs(HttpContext http) =>
        OurPaths.Any(path => http.Request.Path.StartsWithSegments(path)) ||
        !http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    /// <summary>The request cannot be read.</summary>
    public static ProblemHttpResult Malformed(params SpecFault[] faults) =>
        WithFaults("malformed-request", faults);

    /// <summary>It can be read, and asks for something that cannot be.</summary>
    public static ProblemHttpResult InvalidSpec(IEnumerable<SpecFault> faults) =>
        WithFaults("invalid-run-spec", faults);

    public static ProblemHttpResult InvalidSweep(IEnumerable<SpecFault> faults) =>
        WithFaults("invalid-sweep", faults);

    /// <summary>It can be trained, but by no worker that is known, and the client wants no waiting.</summary>
    public static ProblemHttpResult Unfit(IEnumerable<SpecFault> faults) =>
        WithFaults("does-not-fit", faults);

    public static ProblemHttpResult UnknownGroup(string group) =>
        Tell("unknown-group", $"found no run in group \"{group}\", needed a group label of a run from GET /api/v1/runs");

    public static ProblemHttpResult UnknownRun(Guid id) =>
        Tell("unknown-run", $"found no run {id}, needed the id of a run from GET /api/v1/runs");

    public static ProblemHttpResult UnknownKey() => Tell("unknown-key", "found no key of that id, needed one from GET /api/v1/keys");

    public static ProblemHttpResult Foreign() =>
        Tell("foreign-origin", "found another site's Host or Origin, needed this machine's own: the service lets in without a key only who sits at it");

    public static ProblemHttpResult InvalidEdit(IEnumerable<SpecFault> faults) =>
        WithFaults("invalid-edit", faults);

    public static ProblemHttpResult KeyReused() =>
        Tell("idempotency-key-reused", "found another method, address or body than the request had that came with this Idempotency-Key first; needed the same request, or a new key");

    public static ProblemHttpResult NoIfMatch() =>
        Tell("no-if-match", "found no If-Match header, needed one with the ETag that GET answered");

    public static ProblemHttpResult Changed(string wanted, string found) =>
        Tell("changed", $"found ETag {found}, needed {wanted} as If-Match says: read the run again");

    public static ProblemHttpResult InvalidState(RunStatus status)
    {
        var allowed = RunTransitions.ForUsers.Where(action => RunTransitions.Next(status, action) is not null).Select(action => ContractJson.NameOf(action)).ToArray();
        return Tell("invalid-state", $"found a run that is {ContractJson.NameOf(status)}, which allows {(allowed.Length == 0 ? "no change any more" : string.Join(", ", allowed))}",
            ("runStatus", status), ("allowed", allowed));
    }

    public static ProblemHttpResult NotReady(IReadOnlyDictionary<string, string> reasons) =>
        Tell("not-ready", string.Join("; ", reasons.Select(reason => $"{reason.Key}: {reason.Value}")), ("checks", reasons));

    /// <summary>For answers that so far have a status and nothing else: unknown routes, wrong methods, wrong media types.</summary>
    public static Task WriteStatus(HttpContext http)
    {
        var request = http.Request;
        var problem = http.Response.StatusCode switch
        {
            404 => Tell("unknown-route", $"found {request.Method} {request.Path}, needed a route of /openapi/v1.json"),
            405 => Tell("wrong-method", $"found {request.Method}, needed {http.Response.Headers.Allow}"),
            415 => Tell("wrong-media-type", $"found {request.ContentType ?? "none"}, needed application/json"),
            401 => Tell("no-key", "found no key that opens anything, needed the header Authorization: Bearer gnn_…"),
            403 => Tell("forbidden", "the key's scope does not reach so far"),
            429 => Tell("too-many-requests", "wait as long as Retry-After says, in seconds"),
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
                Tell("body-too-large", $"found a body of more than {RunsApi.MaxBodyBytes} bytes, needed at most that"),
            BadHttpRequestException bad => Unbound(bad),
            _ when IsStoreAway(failure) => Tell("store-away", "the store of runs does not answer; try again"),
            _ => Tell("internal", "the service's log tells more under this traceId"),
        };
        return problem.ExecuteAsync(http);
    }

    private static ProblemHttpResult Unbound(BadHttpRequestException bad)
    {
        var binding = UnboundParameter().Match(bad.Message);
        if (!binding.Success) { return TypedResults.Problem(bad.Message, statusCode: bad.StatusCode, title: Known["malformed-request"].Title, type: UrnOf("malformed-request")); }

        var needed = binding.Groups["type"].Value switch { "Guid" => "a UUID", "int" or "long" => "a whole number", var other => other };
        return Malformed(new SpecFault(binding.Groups["name"].Value, $"found \"{binding.Groups["value"].Value}\", needed {needed}"));
    }

    private static ProblemHttpResult WithFaults(string type, IEnumerable<SpecFault> faults)
    {
        var errors = faults.GroupBy(fault => fault.Path).ToDictionary(group => group.Key, group => group.Select(fault => fault.Message).ToArray());
        return Tell(type, string.Join("; ", errors.Select(error => $"{error.Key}: {error.Value[0]}")), ("errors", errors));
    }

    private static ProblemHttpResult Tell(string type, string detail, params (string Name, object? Value)[] more) =>
        TypedResults.Problem(detail, statusCode: Known[type].Status, title: Known[type].Title, type: UrnOf(type), extensions: more.ToDictionary(m => m.Name, m => m.Value));

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
