using Microsoft.OpenApi;
using NJsonSchema.CodeGeneration.CSharp;
using NSwag.CodeGeneration.CSharp;

// client-generator docs/openapi.json GnnClient.cs [Namespace]
if (args is not [var document, var file, ..])
{
    Console.Error.WriteLine("usage: ClientGenerator openapi.json client.cs [namespace]");
    return 2;
}

// The generator understands 3.0: the same document is written down as that first.
var (described, diagnostic) = OpenApiDocument.Parse(await File.ReadAllTextAsync(document), "json");
if (described is null || diagnostic is { Errors.Count: > 0 })
{
    Console.Error.WriteLine($"{document}: {string.Join("; ", diagnostic?.Errors.Select(error => error.ToString()) ?? [])}");
    return 1;
}

var older = await NSwag.OpenApiDocument.FromJsonAsync(await described.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_0));
var settings = new CSharpClientGeneratorSettings
{
    ClassName = "GnnClient",
    UseBaseUrl = false,
    GenerateOptionalParameters = true,
    WrapResponses = true,
    WrapDtoExceptions = true,
    CSharpGeneratorSettings = { Namespace = args.ElementAtOrDefault(2) ?? "GnnService.Client", JsonLibrary = CSharpJsonLibrary.NewtonsoftJson, GenerateNullableReferenceTypes = true, GenerateOptionalPropertiesAsNullable = true },
};
await File.WriteAllTextAsync(file, new CSharpClientGenerator(older, settings).GenerateFile());
return 0;
