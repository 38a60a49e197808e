using Contracts;

namespace Api;

public static class DatasetsApi
{
    public static void MapDatasets(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/v1/datasets", () => TypedResults.Ok(DatasetCatalog.List(DatasetCatalog.Folders())))
            .WithTags("Datasets").WithName("ListDatasets").WithSummary("Data sets known by name, and whether their files are here")
            .ProducesProblem(401).ProducesProblem(429).Needs(KeyScope.Viewer);
}
