using VariationalBoN.Extensions.AI.Hosting;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.ExtensionsAI.Hosting;

/// <summary>A classifier is freed only when no call uses it any more.</summary>
[Trait("Tier", "fast")]
public sealed class HeldRewardTests
{
    private static readonly Completion[] s_one = [new Completion { Prompt = "a", Text = "b" }];

    [Fact]
    public async Task Disposing_cancels_the_calls_under_way_and_waits_until_they_have_left()
    {
        var inner = new Pass();
        var held = new HeldReward(inner);
        Task<RewardScores>[] calls = [held.ScoreAsync(s_one, default), held.ScoreAsync(s_one, default)];
        held.Dispose();

        Assert.Equal(2, inner.Left);
        foreach (Task<RewardScores> call in calls)
            await Assert.ThrowsAsync<ObjectDisposedException>(() => call);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => held.ScoreAsync(s_one, default));
        held.Dispose();
    }

    [Fact]
    public async Task A_callers_own_token_ends_its_call_as_a_cancellation()
    {
        var inner = new Pass();
        using var held = new HeldReward(inner);
        using var stop = new CancellationTokenSource();
        Task<RewardScores> call = held.ScoreAsync(s_one, stop.Token);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(1, inner.Left);
    }

    /// <summary>Goes on for a while after it was told to stop, as a pass of a model does.</summary>
    private sealed class Pass : IRewardModel
    {
        private int _left;

        public int Left => Volatile.Read(ref _left);

        public ModelIdentity Identity => "pass";

        public async Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
        {
            var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using (cancellationToken.Register(stopped.SetResult))
                await stopped.Task;
            Interlocked.Increment(ref _left);
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
