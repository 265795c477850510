using VariationalBoN.Rewards;
using VariationalBoN.Tests.References;

namespace VariationalBoN.Tests.Rewards;

[Trait("Tier", "fast")]
public sealed class RewardModelTests
{
    private static readonly Completion[] s_two = [WordPolicy.Word("p", 1), WordPolicy.Word("pp", 2)];

    public static TheoryData<IRewardModel> Models() =>
        new(
            RewardModel.FromFunction((prompt, text) => prompt.Length + (10 * text[^1]), "j"),
            RewardModel.FromFunction(c => c.Prompt.Text.Length + (10 * c.Text[^1]), "j"),
            RewardModel.FromAsync(
                async (c, _) =>
                {
                    await Task.Yield();
                    return c.Prompt.Text.Length + (10 * c.Text[^1]);
                },
                "j"
            ),
            RewardModel.FromBatch(
                (batch, _) => Task.FromResult<RewardScores>([.. batch.Select(c => (double)(c.Prompt.Text.Length + (10 * c.Text[^1])))]),
                "j"
            )
        );

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Each_factory_passes_prompt_and_text_in_order(IRewardModel model)
    {
        Assert.Equal([1 + (10 * '1'), 2 + (10 * '2')], await model.ScoreAsync(s_two, CancellationToken.None));
        Assert.Equal("j", model.Identity);
    }

    [Fact]
    public async Task Completions_of_a_batch_are_in_flight_together()
    {
        int begun = 0;
        var gate = new TaskCompletionSource<double>();
        Task<RewardScores> scores = RewardModel
            .FromAsync(
                (_, _) =>
                {
                    if (++begun == 2)
                        gate.SetResult(5);
                    return gate.Task;
                },
                "test judge"
            )
            .ScoreAsync(s_two, CancellationToken.None);
        Assert.Equal(2, begun);
        Assert.Equal([5, 5], await scores);
    }

    [Fact]
    public async Task Function_is_not_called_once_cancelled()
    {
        using var source = new CancellationTokenSource();
        int calls = 0;
        var model = RewardModel.FromFunction(
            _ =>
            {
                calls++;
                source.Cancel();
                return 0;
            },
            "test judge"
        );
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.ScoreAsync(s_two, source.Token));
        Assert.Equal(1, calls);
    }

    [Fact]
    public void Missing_function_or_identity_is_refused()
    {
        Assert.Throws<ArgumentNullException>(() => RewardModel.FromFunction((Func<Completion, double>)null!, "test judge"));
        Assert.Throws<ArgumentNullException>(() => RewardModel.FromFunction((Func<string, string, double>)null!, "test judge"));
        Assert.Throws<ArgumentNullException>(() => RewardModel.FromAsync(null!, "test judge"));
        Assert.Throws<ArgumentNullException>(() => RewardModel.FromBatch(null!, "test judge"));
        Assert.Throws<ArgumentException>(() => RewardModel.FromFunction(WordPolicy.Reward, " "));
    }
}
