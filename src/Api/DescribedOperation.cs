using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Api;

/// <summary>What the handlers' types do not say of an operation: headers, problem types, examples.</summary>
internal sealed class DescribedOperation : IOperationFilter
{
    private static readonly Dictionary<string, string> Descriptions = new()
    {
        ["202"] = "Accepted; the run (or each run of the sweep) tells how far it is",
        ["400"] = "The request cannot be read; `errors` says where, what was found and what is needed",
        ["401"] = "A key is needed",
        ["403"] = "The key's scope does not reach so far, or the service asks for no keys and the request comes from another site",
        ["404"] = "There is none",
        ["409"] = "The run's status does not allow it; `allowed` says what it does",
        ["412"] = "The run was changed since it was read",
        ["413"] = "The body is too large",
        ["415"] = "The body is not JSON",
        ["422"] = "What is asked for cannot be; `errors` is keyed by JSON path",
        ["428"] = "`If-Match` is missing",
        ["429"] = "Too many requests of this key or address; `Retry-After` says when to come again",
        ["503"] = "The store does not answer, or the service is not ready",
    };

    private static readonly string[] MakesRuns = ["CreateRun", "CloneRun", "CreateSweep"];
    private static readonly string[] HasETag = ["GetRun", "EditRun"];
    private static readonly string[] IsFile = ["ExportRunsCsv", "ExportRunsJson", "ExportEpochsCsv", "ExportEpochsJson", "GetGroupCsv", "GetRunRepro"];

    /// <summary>Problems that no operation of the document answers with.</summary>
    private static readonly string[] OfNoOperation = ["unknown-route", "wrong-method", "internal"];

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        AddRequest(operation, context);
        foreach (var (status, answer) in operation.Responses ?? [])
        {
            if (answer is not OpenApiResponse response) { continue; }
            var problems = Problems.Known.Where(known => $"{known.Value.Status}" == status && !OfNoOperation.Contains(known.Key)).Select(known => known.Key).ToList();
            var text = Descriptions.GetValueOrDefault(status, "Done");
            response.Description = problems.Count == 0 ? text : $"{text} ({string.Join(", ", problems.Select(type => $"`{Problems.UrnOf(type)}`"))})";
            AddHeaders(operation.OperationId!, status, response, isLimited: context.ApiDescription.RelativePath!.StartsWith("api/", StringComparison.Ordinal));
            if (problems.Count > 0) { AddProblems(response, problems); }
            else { AddExample(operation, context, status, response); }
        }
    }

    private static void AddRequest(OpenApiOperation operation, OperationFilterContext context)
    {
        if (operation.RequestBody?.Content is { } content)
        {
            var type = context.ApiDescription.ParameterDescriptions.FirstOrDefault(parameter => parameter.Source.Id == "Body")?.Type;
            foreach (var media in content.Values.OfType<OpenApiMediaType>()) { media.Example = ApiExamples.Of(type, operation.OperationId); }
        }
        if (MakesRuns.Contains(operation.OperationId))
        {
            AddHeader(operation, RepeatableRequest.KeyHeader, isRequired: false,
                "1 to 200 visible ASCII characters of your choice. The same request again under the same key, within 24 hours and with the same API key, makes nothing and gets the first answer; another request under it is refused with 422. What was refused leaves its key free.", "post-2026-11-24-0001");
        }
        if (operation.OperationId == "EditRun") { AddHeader(operation, "If-Match", isRequired: true, "The `ETag` of the run as it was read, or `*` for whatever it is now.", "\"3\""); }
    }

    private static void AddHeader(OpenApiOperation operation, string name, bool isRequired, string description, string example)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(new OpenApiParameter { Name = name, In = ParameterLocation.Header, Required = isRequired, Description = description, Schema = Text(), Example = example });
    }

    private static void AddHeaders(string operation, string status, OpenApiResponse response, bool isLimited)
    {
        void Add(string name, string description, JsonSchemaType type = JsonSchemaType.String)
        {
            response.Headers ??= new Dictionary<string, IOpenApiHeader>();
            response.Headers[name] = new OpenApiHeader { Description = description, Schema = new OpenApiSchema { Type = type } };
        }

        if (status == "202") { Add("Location", "The run, or the list of the sweep's runs"); }
        if (status == "201") { Add("Location", "The key"); Add("Cache-Control", "`no-store`: the answer holds a secret"); }
        if (status == "202" && MakesRuns.Contains(operation)) { Add(RepeatableRequest.RepeatedHeader, "`true` where the answer is that of an earlier request with the same `Idempotency-Key`"); }
        if (status == "200" && HasETag.Contains(operation)) { Add("ETag", "Version of what can be edited: name, tags, notes, priority"); }
        if (status == "200" && IsFile.Contains(operation)) { Add("Content-Disposition", "A name for the file"); }
        if (status == "401") { Add("WWW-Authenticate", "`Bearer`"); }
        if (status == "429") { Add("Retry-After", "Seconds to wait", JsonSchemaType.Integer); }
        if (!isLimited) { return; }
        Add("RateLimit-Limit", "Requests that may come at once", JsonSchemaType.Integer);
        Add("RateLimit-Remaining", "Requests that are left of them", JsonSchemaType.Integer);
        Add("RateLimit-Reset", "Seconds until more are allowed", JsonSchemaType.Integer);
    }

    private static void AddProblems(OpenApiResponse response, List<string> problems)
    {
        foreach (var media in response.Content?.Values.OfType<OpenApiMediaType>() ?? [])
        {
            media.Examples = problems.ToDictionary(type => type, type => (IOpenApiExample)new OpenApiExample { Summary = Problems.Known[type].Title, Value = ApiExamples.OfProblem(type) });
        }
    }

    private static void AddExample(OpenApiOperation operation, OperationFilterContext context, string status, OpenApiResponse response)
    {
        var type = context.ApiDescription.SupportedResponseTypes.FirstOrDefault(answer => $"{answer.StatusCode}" == status)?.Type;
        foreach (var media in response.Content?.Values.OfType<OpenApiMediaType>() ?? []) { media.Example = ApiExamples.Of(type, operation.OperationId); }
    }

    private static OpenApiSchema Text() => new() { Type = JsonSchemaType.String };
}
