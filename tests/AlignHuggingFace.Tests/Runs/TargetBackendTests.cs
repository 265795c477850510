using VariationalBoN.Transformers;

namespace AlignHuggingFace.Tests.Runs;

/// <summary>The program from end to end on the CPU, with targets as tensors and as doubles.</summary>
[Trait("Tier", "slow")]
[Collection("Console")]
public sealed class TargetBackendTests : IDisposable
{
    private const double Tolerance = 1e-5; // of weights that the run moves by up to 0.02
    private readonly string _folder = Directory.CreateTempSubdirectory("align").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData()]
    [InlineData("--lora")]
    public async Task Aligned_weights_are_the_same_with_tensors_and_with_doubles(params string[] more)
    {
        Assert.Contains("targets: doubles on the host", await RunAsync("double", more), StringComparison.Ordinal);
        Assert.Contains("targets: tensors on cpu", await RunAsync("torch", more), StringComparison.Ordinal);

        using var one = PretrainedCausalLm.Load(Path.Combine(_folder, "double", "model"));
        using var other = PretrainedCausalLm.Load(Path.Combine(_folder, "torch", "model"));
        using var start = PretrainedCausalLm.Load(Path.Combine(_folder, "torch", "tiny", "policy"));
        Assert.InRange(Difference(one, other), 0, Tolerance);
        Assert.InRange(Difference(start, other), 100 * Tolerance, 1);
    }

    private static double Difference(PretrainedCausalLm one, PretrainedCausalLm other)
    {
        var values = other.Model.state_dict();
        return one
            .Model.state_dict()
            .Max(pair => pair.Value.data<float>().ToArray().Zip(values[pair.Key].data<float>().ToArray(), (x, y) => Math.Abs(x - y)).Max());
    }

    private async Task<string> RunAsync(string targets, string[] more)
    {
        (int code, string output, string error) = await Sample.RunAsync([
            "--quick",
            "--steps",
            "8",
            "--n",
            "2",
            "--targets",
            targets,
            "--output",
            Path.Combine(_folder, targets),
            .. more,
        ]);
        Assert.True(code == 0, error);
        return output;
    }
}
