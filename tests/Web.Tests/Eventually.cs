namespace Web.Tests;

public static class Eventually
{
    /// <summary>Waits until the condition holds; fails with the message after ten seconds.</summary>
    public static async Task Holds(Func<bool> condition, Func<string> otherwise)
    {
        for (var end = DateTime.UtcNow.AddSeconds(10); !condition();)
        {
            if (DateTime.UtcNow > end) { Assert.Fail(otherwise()); }
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public static Task Equals<T>(T[] expected, Func<T[]> actual) =>
        Holds(() => expected.SequenceEqual(actual()), () => $"expected {string.Join(' ', expected)}; found {string.Join(' ', actual())}");
}
