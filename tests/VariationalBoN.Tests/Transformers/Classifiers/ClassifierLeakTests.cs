using VariationalBoN.Rewards;
using VariationalBoN.Tests.Transformers.Chat;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Lora;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Classifiers;

[Collection("Leaks")]
[Trait("Tier", "torch")]
public sealed class ClassifierLeakTests
{
    [Theory]
    [InlineData("bert-classifier")]
    [InlineData("distilbert-classifier")]
    [InlineData("gpt2-reward")]
    public async Task Scoring_leaves_no_tensor_behind(string name)
    {
        using var golden = new ClassifierCase(name);
        var reward = ClassifierReward.FromTokens(
            golden.Classifier,
            new ClassifierRewardOptions
            {
                LabelIndex = 0,
                RowsPerBatch = 2,
                Output = golden.Classifier.Labels.Length > 1 ? ClassifierOutput.LogProb : ClassifierOutput.Logit,
            }
        );
        Completion[] completions =
        [
            .. golden.Rows.Select(row => new Completion
            {
                Prompt = "",
                Text = "",
                Tokens = [.. row.Ids],
            }),
        ];
        using var tokens = zeros([2, 5], ScalarType.Int64);
        long before = LiveTensors.Settled();
        await reward.ScoreAsync(completions, CancellationToken.None);
        Assert.Equal(before, LiveTensors.Now);
        var logits = golden.Classifier.Logits(tokens, [5, 3]);
        Assert.Equal(before + 1, LiveTensors.Now); // what is ours
        logits.Dispose();
        Assert.Equal(before, LiveTensors.Now);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Reading_pairs_leaves_their_rewards_alone_behind(bool lora)
    {
        using var model = PretrainedCausalLm.Load(ChatModels.Golden("gpt2"));
        PreferencePair[] pairs =
        [
            new()
            {
                Prompt = "a",
                Chosen = "b",
                Rejected = "c d",
            },
            new()
            {
                Prompt = "a",
                Chosen = "longer text",
                Rejected = "e",
            },
        ];
        using var judge = PretrainedClassifier.FromCausalLm(model, seed: 1);
        judge.MakeTrainable(lora ? new LoraOptions { Rank = 2 } : null);
        long before = LiveTensors.Settled();
        (var chosen, var rejected) = judge.PairRewards(pairs, new ClassifierRewardOptions { RowsPerBatch = 2 });
        Assert.Equal(before + 2, LiveTensors.Now);
        chosen.Dispose();
        rejected.Dispose();
        Assert.Equal(before, LiveTensors.Now);
    }
}
