using Contracts;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Api;

/// <summary>The OpenAPI 3.1 document at /openapi/v1.json and its page at /swagger.</summary>
internal static class ApiDocumentation
{
    public static void AddApiDocumentation(this IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        services.AddSwaggerGen(document =>
        {
            document.SwaggerDoc("v1", new OpenApiInfo
            {
                Title = "GnnService",
                Version = "v1",
                Description = $"Trains deep graph neural networks. Live figures: SignalR hub at {RunHub.Path}. Every error is application/problem+json.",
            });
            document.IncludeXmlComments(typeof(RunSpec).Assembly);
            document.SupportNonNullableReferenceTypes();
            document.OperationFilter<DescribedResponses>();
        });
    }

    public static void MapApiDocumentation(this WebApplication app)
    {
        app.MapSwagger("/openapi/{documentName}.json", options => options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1);
        app.UseSwaggerUI(page =>
        {
            page.RoutePrefix = "swagger";
            page.SwaggerEndpoint("/openapi/v1.json", "GnnService v1");
            page.DocumentTitle = "GnnService API";
        });
    }

    private sealed class DescribedResponses : IOperationFilter
    {
        private static readonly Dictionary<string, string> Descriptions = new()
        {
            ["202"] = "Accepted; the run (or each run of the sweep) tells how far it is",
            ["400"] = "The request cannot be read (`urn:gnnservice:problem:malformed-request`); `errors` says where, what was found and what is needed",
            ["404"] = "No such run, or no such group (`urn:gnnservice:problem:unknown-run`, `urn:gnnservice:problem:unknown-group`)",
            ["409"] = "The run is over (`urn:gnnservice:problem:invalid-state`)",
            ["413"] = "The body is too large (`urn:gnnservice:problem:body-too-large`)",
            ["415"] = "The body is not JSON (`urn:gnnservice:problem:wrong-media-type`)",
            ["422"] = "The run spec, or the sweep, cannot be trained (`urn:gnnservice:problem:invalid-run-spec`, `urn:gnnservice:problem:invalid-sweep`); `errors` is keyed by JSON path",
            ["503"] = "The store does not answer, or the service is not ready (`urn:gnnservice:problem:store-away`, `urn:gnnservice:problem:not-ready`)",
        };

        public void Apply(OpenApiOperation operation, OperationFilterContext context)
        {
            foreach (var (status, response) in operation.Responses ?? [])
            {
                if (response is not OpenApiResponse described) { continue; }
                if (Descriptions.TryGetValue(status, out var description)) { described.Description = description; }
                if (status == "202")
                {
                    described.Headers ??= new Dictionary<string, IOpenApiHeader>();
                    var reference = new OpenApiSchema { Type = JsonSchemaType.String, Format = "uri-reference" };
                    described.Headers["Location"] = new OpenApiHeader { Description = "The run, or the list of the sweep's runs", Schema = reference };
                }
            }
        }
    }
}
