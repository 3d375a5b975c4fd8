namespace BackdoorLab.Data.Tests.Sharing;

public sealed class ViewTests : LabTest
{
    [Fact]
    public async Task View_OfTheSameName_KeepsItsAddress()
    {
        var first = await Lab.Views.SaveAsync("mine", "/runs", "q=a", "anna", shared: false);
        var again = await Lab.Views.SaveAsync("mine", "/runs", "q=b", "anna", shared: true);
        await Lab.Views.SaveAsync("mine", "/runs", "q=c", "ben", shared: false);

        Assert.Equal(first.Id, again.Id);
        Assert.Equal("/runs?q=b", (await Lab.Views.FindAsync(first.Id))!.Address);
        Assert.Equal(["q=b"], (await Lab.Views.ListAsync("/runs", "cora")).Select(view => view.Query));
        Assert.Equal(2, (await Lab.Views.ListAsync("/runs", "ben")).Count);
        Assert.True(await Lab.Views.DeleteAsync(first.Id));
        Assert.Null(await Lab.Views.FindAsync(first.Id));
    }

    [Fact]
    public async Task ShortLink_OfTheSameState_IsOne()
    {
        var first = await Lab.Views.SaveAsync("", "/compare", "ids=a,b", "", shared: false);

        Assert.Equal(first.Id, (await Lab.Views.SaveAsync("", "/compare", "ids=a,b", "", shared: false)).Id);
        Assert.NotEqual(first.Id, (await Lab.Views.SaveAsync("", "/compare", "ids=a,c", "", shared: false)).Id);
        Assert.Empty(await Lab.Views.ListAsync("/compare", ""));
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("https://evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("")]
    public async Task View_OfAnotherHost_IsRefused(string path) =>
        await Assert.ThrowsAsync<ArgumentException>(() => Lab.Views.SaveAsync("x", path, "", "", shared: false));
}
