using System.Data.Common;
using System.Text.RegularExpressions;
using Contracts;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;

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

    /// <summary>400: the request cannot be read.</summary>
    public static ProblemHttpResult Malformed(params SpecFault[] faults) =>
        WithFaults(StatusCodes.Status400BadRequest, "malformed-request", "The request cannot be read", faults);

    /// <summary>422: it can be read, and asks for something that cannot be.</summary>
    public static ProblemHttpResult InvalidSpec(IEnumerable<SpecFault> faults) =>
        WithFaults(StatusCodes.Status422UnprocessableEntity, "invalid-run-spec", "The run spec cannot be trained", faults);

    public static ProblemHttpResult UnknownRun(Guid id) => TypedResults.Problem(
        $"found no run {id}, needed the id of a run from GET /api/v1/runs", statusCode: StatusCodes.Status404NotFound, title: "No such run", type: Types + "unknown-run");

    public static ProblemHttpResult AlreadyFinished(RunStatus status) => TypedResults.Problem(
        $"found a run that is {status}, needed one that is queued or running", statusCode: StatusCodes.Status409Conflict, title: "The run is over",
        type: Types + "invalid-state", extensions: new Dictionary<string, object?> { ["runStatus"] = status });

    public static ProblemHttpResult NotReady(IReadOnlyDictionary<string, string> reasons) => TypedResults.Problem(
        string.Join("; ", reasons.Select(reason => $"{reason.Key}: {reason.Value}")), statusCode: StatusCodes.Status503ServiceUnavailable,
        title: "Not ready", type: Types + "not-ready", extensions: new Dictionary<string, object?> { ["checks"] = reasons });

    /// <summary>For answers that so far have a status and nothing else: unknown routes, wrong methods, wrong media types.</summary>
    public static Task WriteStatus(HttpContext http)
    {
        var (type, title, detail) = http.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => ("unknown-route", "No such route", $"found {http.Request.Method} {http.Request.Path}, needed a route of /openapi/v1.json"),
            StatusCodes.Status405MethodNotAllowed => ("wrong-method", "The route has no such method", $"found {http.Request.Method}, needed {http.Response.Headers.Allow}"),
            StatusCodes.Status415UnsupportedMediaType => ("wrong-media-type", "The body is of the wrong media type", $"found {http.Request.ContentType ?? "none"}, needed application/json"),
            StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden => ("forbidden", "Not allowed", "needed a request from the machine itself"),
            _ => (null, null, (string?)null),
        };
        return TypedResults.Problem(detail, statusCode: http.Response.StatusCode, title: title, type: type is null ? null : Types + type).ExecuteAsync(http);
    }

    public static Task WriteException(HttpContext http)
    {
        var failure = http.Features.Get<IExceptionHandlerFeature>()!.Error;
        var problem = failure switch
        {
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => TypedResults.Problem(
                $"found a body of more than {RunsApi.MaxBodyBytes} bytes, needed at most that", statusCode: StatusCodes.Status413PayloadTooLarge, title: "The body is too large", type: Types + "body-too-large"),
            BadHttpRequestException bad => Unbound(bad),
            _ when IsStoreAway(failure) => TypedResults.Problem(
                "the store of runs does not answer; try again", statusCode: StatusCodes.Status503ServiceUnavailable, title: "The store is away", type: Types + "store-away"),
            _ => TypedResults.Problem("the service's log tells more under this traceId", statusCode: StatusCodes.Status500InternalServerError, title: "The service failed", type: Types + "internal"),
        };
        return problem.ExecuteAsync(http);
    }

    private static ProblemHttpResult Unbound(BadHttpRequestException bad)
    {
        var binding = UnboundParameter().Match(bad.Message);
        if (!binding.Success) { return TypedResults.Problem(bad.Message, statusCode: bad.StatusCode, title: "The request cannot be read", type: Types + "malformed-request"); }

        var needed = binding.Groups["type"].Value switch { "Guid" => "a UUID", "int" or "long" => "a whole number", var other => other };
        return Malformed(new SpecFault(binding.Groups["name"].Value, $"found \"{binding.Groups["value"].Value}\", needed {needed}"));
    }

    private static ProblemHttpResult WithFaults(int status, string type, string title, IEnumerable<SpecFault> faults)
    {
        var errors = faults.GroupBy(fault => fault.Path).ToDictionary(group => group.Key, group => group.Select(fault => fault.Message).ToArray());
        var detail = string.Join("; ", errors.Select(error => $"{error.Key}: {error.Value[0]}"));
        return TypedResults.Problem(detail, statusCode: status, title: title, type: Types + type, extensions: new Dictionary<string, object?> { ["errors"] = errors });
    }

    private static bool IsStoreAway(Exception? failure) => failure is not null && (failure is DbException or TimeoutException || IsStoreAway(failure.InnerException));

    // The framework's words for a route or query value that is not of its type.
    [GeneratedRegex("""^Failed to bind parameter "(?:Nullable<)?(?<type>\w+)[>?]* (?<name>\w+)" from "(?<value>.*)"\.$""", RegexOptions.Singleline)]
    private static partial Regex UnboundParameter();

    /// <summary>The framework's own writer keeps to the Accept header and says nothing to a browser; a refusal must be told to anyone.</summary>
    public sealed class Writer : IProblemDetailsWriter
    {
        public bool CanWrite(ProblemDetailsContext context) => AreOurs(context.HttpContext);

        public ValueTask WriteAsync(ProblemDetailsContext context)
        {
            var problem = context.ProblemDetails;
            problem.Instance = context.HttpContext.Request.Path;
            problem.Extensions["traceId"] = System.Diagnostics.Activity.Current?.Id ?? context.HttpContext.TraceIdentifier;
            return new(context.HttpContext.Response.WriteAsJsonAsync(problem, ContractJson.Options, "application/problem+json", context.HttpContext.RequestAborted));
        }
    }
}
