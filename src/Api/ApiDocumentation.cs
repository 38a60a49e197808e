using Contracts;
using Microsoft.OpenApi;

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
                Description = $"Trains deep graph neural networks. Live figures: SignalR hub at {RunHub.Path}. Every error is application/problem+json, of one of these types:\n{ProblemTypes()}",
            });
            document.IncludeXmlComments(typeof(RunSpec).Assembly);
            document.SupportNonNullableReferenceTypes();
            document.OperationFilter<DescribedOperation>();
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

    private static string ProblemTypes() => string.Concat(Problems.Known.Select(known => $"\n- `{Problems.UrnOf(known.Key)}` ({known.Value.Status}): {known.Value.Title}"));
}
