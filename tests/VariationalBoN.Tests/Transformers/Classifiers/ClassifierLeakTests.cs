using VariationalBoN.Transformers.Classifiers;
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
        var reward = ClassifierReward.FromTokens(golden.Classifier, new ClassifierRewardOptions { LabelIndex = 0, RowsPerBatch = 2, Output = golden.Classifier.Labels.Length > 1 ? ClassifierOutput.LogProb : ClassifierOutput.Logit });
        Completion[] completions = [.. golden.Rows.Select(row => new Completion { Prompt = "", Text = "", Tokens = [.. row.Ids] })];
        using var tokens = zeros([2, 5], ScalarType.Int64);
        long before = LiveTensors.Settled();
        await reward.ScoreAsync(completions, CancellationToken.None);
        Assert.Equal(before, LiveTensors.Now);
        var logits = golden.Classifier.Logits(tokens, [5, 3]);
        Assert.Equal(before + 1, LiveTensors.Now); // what is ours
        logits.Dispose();
        Assert.Equal(before, LiveTensors.Now);
    }
}
