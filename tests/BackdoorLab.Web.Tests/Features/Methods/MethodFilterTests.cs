using BackdoorLab.Engine.Core;
using BackdoorLab.Web.Features.Methods;

namespace BackdoorLab.Web.Tests.Features.Methods;

/// <summary>Which methods the page of all methods shows.</summary>
public sealed class MethodFilterTests
{
    [Fact]
    public void Of_NoQuery_TakesEveryMethod()
    {
        var filter = MethodFilter.Of("");
        Assert.True(filter.IsEmpty);
        Assert.Equal("", filter.Query);
        Assert.All(MethodCatalog.Default.Listed, method => Assert.True(filter.Takes(method)));
    }

    [Fact]
    public void With_AnAxis_TakesThoseThatStandThere()
    {
        var filter = MethodFilter.Of("").With("Stage", "in training");
        Assert.Equal("?stage=in%20training", filter.Query);
        Assert.True(filter.Takes(Method("abl")));
        Assert.False(filter.Takes(Method("fine-pruning")));
        Assert.False(filter.Takes(Method("badnets")));
        Assert.True(filter.With("Stage", null).IsEmpty);
    }

    [Fact]
    public void With_OneOfSeveralParts_TakesWhoeverHasIt()
    {
        var filter = MethodFilter.Of("?access=clean%20data&does=modifies%20the%20model");
        Assert.Equal("?access=clean%20data&does=modifies%20the%20model", filter.Query);
        Assert.True(filter.Takes(Method("anp")));
        Assert.False(filter.Takes(Method("clp")));
        Assert.False(filter.Takes(Method("neural-cleanse")));
    }

    [Fact]
    public void Of_WhatIsNotKnown_LeavesItOut() =>
        Assert.True(MethodFilter.Of("?stage=in%20the%20bath&colour=red").IsEmpty);

    private static MethodDescriptor Method(string id) => MethodCatalog.Default.Find(id)!;
}
