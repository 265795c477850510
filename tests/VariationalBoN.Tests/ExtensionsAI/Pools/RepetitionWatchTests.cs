using VariationalBoN.Extensions.AI.Pools;

namespace VariationalBoN.Tests.ExtensionsAI.Pools;

[Trait("Tier", "fast")]
public sealed class RepetitionWatchTests
{
    private static readonly PoolServer s_server = new(new("http://one"), new());

    [Fact]
    public void One_answer_by_many_seeds_is_noticed_when_draws_would_be_too_unlikely()
    {
        var watch = new RepetitionWatch();
        Assert.Equal([false, false, false, true], Enumerable.Range(0, 4).Select(seed => watch.Repeats(Drawn(seed, 1, 2), -8)));
    }

    [Fact]
    public void One_answer_by_one_seed_is_right_and_another_answer_ends_the_watch()
    {
        var watch = new RepetitionWatch();
        Assert.DoesNotContain(true, Enumerable.Range(0, 9).Select(_ => watch.Repeats(Drawn(seed: 5, 1, 2), -8)));
        Assert.False(watch.Repeats(Drawn(seed: 6, 1, 3), -8));
        Assert.DoesNotContain(true, Enumerable.Range(7, 9).Select(seed => watch.Repeats(Drawn(seed, 1, 2), -8)));
    }

    private static ServedCompletion Drawn(long seed, params int[] tokens) =>
        new(
            new Completion
            {
                Prompt = "x",
                Tokens = [.. tokens],
                Text = "",
            },
            [-1, -1],
            seed,
            s_server,
            0
        );
}
