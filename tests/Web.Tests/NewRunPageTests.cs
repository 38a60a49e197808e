using AngleSharp.Dom;
using Bunit;
using Contracts;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Web.Components.Pages;

namespace Web.Tests;

public sealed class NewRunPageTests
{
    [Fact]
    public async Task The_form_posts_what_was_filled_in_and_opens_the_run()
    {
        await using var server = await RunServer.Started();
        await using var pages = new Pages(server);
        var page = await Opened(pages);
        await page.InvokeAsync(() => Field(page, "Depth (layers)").Input("28"));
        await page.InvokeAsync(() => Field(page, "Learning rate").Input("5e-3"));
        await page.InvokeAsync(() => Field(page, "Seed").Input("7"));
        await page.InvokeAsync(() => page.Find("form").Submit());

        await Eventually.Holds(() => server.Posted.Count == 1, () => page.Markup);
        var spec = server.Posted[0];
        Assert.Equal(("cora", 28, 0.005, 7), (spec.Data.Dataset, spec.Model.Layers, spec.Training.LearningRate, spec.Seed));
        Assert.Equal(Backbone.ResPlus, spec.Model.Backbone);
        await Eventually.Holds(() => pages.Address.Contains("/runs/", StringComparison.Ordinal), () => pages.Address);
    }

    [Fact]
    public async Task The_memory_that_the_run_would_need_follows_the_depth_with_advice()
    {
        await using var server = await RunServer.Started();
        await using var pages = new Pages(server);
        var page = await Opened(pages);
        await page.InvokeAsync(() => Field(page, "Depth (layers)").Input("2"));
        await Eventually.Holds(() => page.Find(".estimate").TextContent.Contains("about 1", StringComparison.Ordinal), () => page.Find(".estimate").TextContent);
        Assert.DoesNotContain("would need about", page.Find(".estimate").TextContent, StringComparison.Ordinal);

        await page.InvokeAsync(() => Field(page, "Depth (layers)").Input("1000"));
        await Eventually.Holds(() => page.Find(".estimate").TextContent.Contains("recomputation would need about", StringComparison.Ordinal), () => page.Find(".estimate").TextContent);
        Assert.Contains("GiB of memory on a CPU: activations", page.Find(".estimate").TextContent, StringComparison.Ordinal);

        // A spec that cannot be trained has none.
        await page.InvokeAsync(() => Field(page, "Depth (layers)").Input("-3"));
        await Eventually.Holds(() => page.FindAll(".estimate").Count == 0, () => page.Markup);
    }

    [Fact]
    public void A_point_cloud_set_starts_from_a_model_for_point_clouds_and_goes_back()
    {
        var graph = new DatasetInfo { Name = "cora", Title = "Cora", Task = DatasetTasks.NodeClassification, Source = "" };
        var cloud = new DatasetInfo { Name = "rooms", Title = "Rooms", Task = DatasetTasks.PointCloudSegmentation, Source = "" };
        var draft = new RunDraft();
        draft.Choose(cloud, graph);
        Assert.Equal((Convolution.Edge, Backbone.Res, "rooms"), (draft.Model.Convolution, draft.Model.Backbone, draft.Data.Dataset));
        Assert.Empty(RunSpecValidation.Faults(draft.ToSpec()));
        draft.Model = draft.Model with { Layers = 14 };
        draft.Choose(cloud with { Name = "mosd" }, cloud);
        Assert.Equal(14, draft.Model.Layers);
        draft.Choose(graph, cloud);
        Assert.Equal(Convolution.Gcn, draft.Model.Convolution);
        Assert.Empty(RunSpecValidation.Faults(draft.ToSpec()));
    }

    [Fact]
    public void A_clone_keeps_every_member_of_the_spec()
    {
        var spec = new RunSpec
        {
            Name = "a", Data = new() { Dataset = "cora", Standardize = true, SelfLoops = true }, Model = new() { DropEdge = 0.2 },
            Training = new() { Schedule = new() { Kind = ScheduleKind.Cosine }, Sampling = new() { Method = SamplingMethod.Clusters } },
        };
        Assert.Equal(System.Text.Json.JsonSerializer.Serialize(spec, ContractJson.Options), System.Text.Json.JsonSerializer.Serialize(new RunDraft(spec).ToSpec(), ContractJson.Options));
    }

    [Theory]
    [InlineData("Depth (layers)", "-3", "found -3, needed a number from 1 to 2000")]
    [InlineData("Depth (layers)", "deep", "found \"deep\", needed a whole number")]
    [InlineData("Learning rate", "NaN", "found NaN, needed a number from 1E-12 to 100")]
    [InlineData("Dropout", "1.5", "found 1.5, needed a number from 0 to 0.99")]
    public async Task A_fault_is_told_at_its_field_and_nothing_is_posted(string label, string text, string fault)
    {
        await using var server = await RunServer.Started();
        await using var pages = new Pages(server);
        var page = await Opened(pages);
        await page.InvokeAsync(() => Field(page, label).Input(text));

        await Eventually.Holds(() => Control(page, label).TextContent.Contains(fault, StringComparison.Ordinal), () => Control(page, label).TextContent);
        await page.InvokeAsync(() => page.Find("form").Submit());
        await Eventually.Holds(() => page.Markup.Contains("Some fields need another value", StringComparison.Ordinal), () => page.Markup);
        Assert.Empty(server.Posted);
    }

    [Fact]
    public async Task What_the_server_refuses_is_told_at_the_field_and_the_rest_on_top()
    {
        await using var server = await RunServer.Started();
        server.Answer = Results.Problem(title: "The run spec cannot be trained", statusCode: 422, extensions: new Dictionary<string, object?>
        {
            ["errors"] = new Dictionary<string, string[]> { ["$.model.layers"] = ["found 16 layers, needed at most 8 here"], ["$.somewhere.else"] = ["found a fault without a field"] },
        });
        await using var pages = new Pages(server);
        var page = await Opened(pages);
        await page.InvokeAsync(() => page.Find("form").Submit());

        await Eventually.Holds(() => Control(page, "Depth (layers)").TextContent.Contains("needed at most 8 here", StringComparison.Ordinal), () => page.Markup);
        Assert.Contains("$.somewhere.else: found a fault without a field", page.Find("aside").TextContent, StringComparison.Ordinal);
        Assert.Contains("The run spec cannot be trained", page.Find("[role=alert]").TextContent, StringComparison.Ordinal);

        // Once the field changes, the refusal is about a spec that is no more.
        await page.InvokeAsync(() => Field(page, "Depth (layers)").Input("8"));
        await Eventually.Holds(() => !page.Markup.Contains("needed at most 8 here", StringComparison.Ordinal), () => page.Markup);
    }

    [Fact]
    public async Task A_clone_starts_from_the_spec_of_the_other_run()
    {
        await using var server = await RunServer.Started();
        var run = server.Add(row => row with { Name = "the first", Group = "depth", Layers = 56, Seed = 3, Backbone = Backbone.Plain });
        await using var pages = new Pages(server);
        pages.Context.Services.GetRequiredService<NavigationManager>().NavigateTo($"/runs/new?from={run.Id}");
        var page = await Opened(pages);

        Assert.Equal("56", Field(page, "Depth (layers)").GetAttribute("value"));
        Assert.Contains("cloned from the first", page.Find(".page-head").TextContent, StringComparison.Ordinal);
        await page.InvokeAsync(() => page.Find("form").Submit());
        await Eventually.Holds(() => server.Posted.Count == 1, () => page.Markup);
        Assert.Equal(("", "depth", 3, Backbone.Plain), (server.Posted[0].Name, server.Posted[0].Group, server.Posted[0].Seed, server.Posted[0].Model.Backbone));
    }

    [Fact]
    public async Task An_api_that_does_not_answer_is_told_and_can_be_asked_again()
    {
        await using var server = await RunServer.Started();
        server.Refuses = true;
        await using var pages = new Pages(server);
        var page = pages.Open<NewRunPage>();
        await Eventually.Holds(() => page.Markup.Contains("answered 503", StringComparison.Ordinal), () => page.Markup);

        server.Refuses = false;
        await page.InvokeAsync(() => page.Find("[role=alert] button").Click());
        await Eventually.Holds(() => page.FindAll("form").Count == 1, () => page.Markup);
    }

    private static async Task<IRenderedComponent<NewRunPage>> Opened(Pages pages)
    {
        var page = pages.Open<NewRunPage>();
        await Eventually.Holds(() => page.FindAll("form").Count == 1, () => page.Markup);
        return page;
    }

    private static IElement Field(IRenderedComponent<NewRunPage> page, string label) =>
        page.Find($"#{page.FindAll("label").First(l => l.TextContent == label).GetAttribute("for")}");

    private static IElement Control(IRenderedComponent<NewRunPage> page, string label) => Field(page, label).Closest(".mud-input-control")!;
}
