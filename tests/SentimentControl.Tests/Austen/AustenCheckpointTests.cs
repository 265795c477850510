using SentimentControl.Datasets.Austen;
using TorchSharp;

namespace SentimentControl.Tests.Austen;

[Trait("Tier", "torch")]
public class AustenCheckpointTests
{
    [Fact]
    public void The_committed_model_predicts_held_out_text()
    {
        var dataset = new AustenDataset();
        var reference = dataset.ObtainReference(
            dataset.Settings(quick: false),
            seed: 1,
            torch.CPU,
            new Progress<double>(),
            CancellationToken.None
        );
        using var model = reference.Model;
        Assert.InRange(reference.HeldOutLoss, 2, 4); // a uniform guess costs log 2048 = 7.6 nats
    }

    [Fact]
    public void The_committed_model_is_at_most_eight_megabytes() =>
        Assert.InRange(new FileInfo(Path.Combine(AustenFiles.Checkpoint, "model.safetensors")).Length, 1, 8_000_000);
}
