using System.Runtime.InteropServices;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Transformers;

namespace AlignHuggingFace.Tests.Runs;

/// <summary>
/// Policy and reference on two devices. The second one is "meta", whose tensors have shapes and no values: an operation between it and the
/// CPU fails, and so does a move back, with words of its own. So whatever fails here with those words was moved, and did not meet.
/// </summary>
[Trait("Tier", "torch")]
public sealed class TwoDevicesTests(TinyDirectory tiny) : IClassFixture<TinyDirectory>
{
    private const string MovedBack = "meta tensor";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tensors_of_the_two_do_not_meet_without_being_moved(bool lora)
    {
        using var model = Load(lora, torch.META);
        Assert.Equal(DeviceType.CPU, model.Network.Device.type);
        Assert.All(model.Policy.Parameters, parameter => Assert.Equal(DeviceType.CPU, parameter.device_type));
        Assert.Contains("the reference on meta", model.Description, StringComparison.Ordinal);
        var drawn = model.Policy.Sample(["The film was", "The cast"], 2, new DrawSeed(1)); // on the CPU alone

        Assert.Contains(MovedBack, Failure(() => model.Reference.LogProbValues(drawn)), StringComparison.OrdinalIgnoreCase);
        Assert.Contains(MovedBack, Failure(() => model.Policy.StepwiseKl(model.Reference, drawn)), StringComparison.OrdinalIgnoreCase);
        using var logProb = model.Policy.LogProb(drawn);
        logProb.sum().backward();
        Assert.All(model.Policy.Parameters, parameter => Assert.Equal(DeviceType.CPU, parameter.grad!.device_type));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_reference_of_its_own_is_the_model_that_the_policy_starts_from(bool lora)
    {
        using var together = Load(lora, torch.CPU);
        using var start = PretrainedCausalLm.Load(tiny.Policy);
        var drawn = together.Policy.Sample(["The film was"], 4, new DrawSeed(1));
        Assert.Equal(
            together.Reference.LogProbValues(drawn),
            new CausalLmPolicy(start.Model, start.Tokenizer, together.Policy.Options).LogProbValues(drawn)
        );
        Assert.False(together.Reference.IsTrainable);

        using var apart = Load(lora, torch.META);
        Assert.False(apart.Reference.IsTrainable);
        Assert.NotEmpty(apart.Trained);
        string saved = tiny.New();
        apart.Save(saved);
        using var again = PretrainedCausalLm.Load(saved);
        Assert.Equal(
            start.Model.parameters().Sum(parameter => parameter.numel()),
            again.Model.parameters().Sum(parameter => parameter.numel())
        );
    }

    private static string Failure(Action action) => Assert.ThrowsAny<ExternalException>(action).Message;

    private LanguageModel Load(bool lora, torch.Device referenceDevice) =>
        LanguageModel.Load(tiny.Policy, TinyArguments.Make("") with { Lora = lora, ReferenceDevice = "meta" }, torch.CPU, referenceDevice);
}
