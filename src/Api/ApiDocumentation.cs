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
            document.AddSecurityDefinition("key", new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http, Scheme = "bearer", BearerFormat = "gnn_ID_SECRET",
                Description = "A key of POST /api/v1/keys, or the admin key of the service's settings. A service on its own machine's address may ask for none.",
            });
            document.AddSecurityRequirement(document => new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("key", document)] = [] });
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
            ["401"] = "A key is needed (`urn:gnnservice:problem:no-key`)",
            ["403"] = "The key's scope does not reach so far (`urn:gnnservice:problem:forbidden`)",
            ["404"] = "There is none (`urn:gnnservice:problem:unknown-run`, `urn:gnnservice:problem:unknown-group`, `urn:gnnservice:problem:unknown-key`)",
            ["429"] = "Too many requests of this key or address (`urn:gnnservice:problem:too-many-requests`); `Retry-After` says when to come again",
            ["409"] = "The run's status does not allow it (`urn:gnnservice:problem:invalid-state`); `allowed` says what it does",
            ["412"] = "The run was changed since it was read (`urn:gnnservice:problem:changed`)",
            ["413"] = "The body is too large (`urn:gnnservice:problem:body-too-large`)",
            ["415"] = "The body is not JSON (`urn:gnnservice:problem:wrong-media-type`)",
            ["422"] = "What is asked for cannot be (`urn:gnnservice:problem:invalid-run-spec`, `urn:gnnservice:problem:invalid-sweep`, `urn:gnnservice:problem:invalid-edit`); `errors` is keyed by JSON path",
            ["428"] = "`If-Match` is missing (`urn:gnnservice:problem:no-if-match`)",
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
