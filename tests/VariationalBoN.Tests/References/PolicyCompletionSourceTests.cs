using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

[ContractOf(typeof(PolicyCompletionSource))]
public sealed class PolicyCompletionSourceTests : CompletionSourceContract
{
    /// <summary>As many as overflow a count: the call ends, it does not wait for a thread that has gone.</summary>
    [Fact]
    public async Task More_completions_than_a_list_can_hold_are_refused()
    {
        var policy = new WordPolicy([1]);
        var source = new PolicyCompletionSource(policy, new Scorer(policy, Judge));
        Prompt[] prompts = [.. Enumerable.Range(0, 16).Select(i => $"p{i}")];

        var thrown = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () =>
            await Drained(source.DrawEachAsync(prompts, 134_217_728, seed: 1))
        );

        Assert.Equal(("completionsPerPrompt", 134_217_728), (thrown.ParamName, (int)thrown.ActualValue!));
    }

    [Fact]
    public async Task Prompts_are_those_of_the_call_whatever_becomes_of_the_list()
    {
        var policy = new WordPolicy([1]);
        var source = new PolicyCompletionSource(policy, new Scorer(policy, Judge));
        List<Prompt> prompts = ["a", "b"];
        IAsyncEnumerable<ScoredBatch> drawing = source.DrawEachAsync(prompts, 200, seed: 1);
        prompts.Clear();

        Assert.Equal(
            ["a", "b"],
            (await Drained(drawing)).SelectMany(part => part.Completions).Select(completion => completion.Prompt.Text).Distinct()
        );
    }

    [Fact]
    public void It_says_what_bits_depend_on()
    {
        var policy = new WordPolicy([1]);

        ModelIdentity? execution = new PolicyCompletionSource(policy, new Scorer(policy, Judge)).Execution;

        Assert.Equal(TorchRuntime.Execution, execution);
        Assert.Equal(
            ["library", "TorchSharp", "threads", "kernels", "processor", "system"],
            execution!.Settings.Select(setting => setting.Key)
        );
        Assert.Equal((long)TorchSharp.torch.get_num_threads(), execution.Settings.Single(setting => setting.Key == "threads").Value);
    }

    private static IRewardModel Judge => RewardModel.FromFunction(WordPolicy.Reward, "judge");

    private static async Task<List<ScoredBatch>> Drained(IAsyncEnumerable<ScoredBatch> parts)
    {
        var all = new List<ScoredBatch>();
        await foreach (ScoredBatch part in parts)
            all.Add(part);
        return all;
    }

    protected override ICompletionSource Source(IPolicy policy, Scorer scorer) => new PolicyCompletionSource(policy, scorer);
}
