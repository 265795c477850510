using System.Diagnostics;
using VariationalBoN.Tests.Packaging;
using VariationalBoN.Transformers;

namespace VariationalBoN.Tests.Torch;

/// <summary>The sample AlignHuggingFace from end to end on the CPU, with targets as tensors and as doubles.</summary>
[Trait("Tier", "slow")]
public sealed class AlignHuggingFaceTargetsTests : IDisposable
{
    private const double Tolerance = 1e-5; // of weights that the run moves by up to 0.02
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);
    private readonly string _folder = Directory.CreateTempSubdirectory("align").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData()]
    [InlineData("--lora")]
    public async Task Aligned_weights_are_the_same_with_tensors_and_with_doubles(params string[] more)
    {
        string doubles = await RunAsync("double", more), tensors = await RunAsync("torch", more);
        Assert.Contains("targets: doubles on the host", doubles, StringComparison.Ordinal);
        Assert.Contains("targets: tensors on cpu", tensors, StringComparison.Ordinal);

        using var one = PretrainedCausalLm.Load(Path.Combine(_folder, "double", "model"));
        using var other = PretrainedCausalLm.Load(Path.Combine(_folder, "torch", "model"));
        using var start = PretrainedCausalLm.Load(Path.Combine(_folder, "torch", "tiny", "policy"));
        Assert.InRange(Difference(one, other), 0, Tolerance);
        Assert.InRange(Difference(start, other), 100 * Tolerance, 1);
    }

    [Fact]
    public async Task Backend_is_chosen_by_the_device_and_belongs_to_the_settings_of_a_run()
    {
        Assert.Contains("targets: doubles on the host", await RunAsync("auto"), StringComparison.Ordinal);
        Assert.Contains("Targets was \"double\", here it is \"torch\"", await RunAsync("torch", exitCode: 1, folder: "auto"), StringComparison.Ordinal);
    }

    private static double Difference(PretrainedCausalLm one, PretrainedCausalLm other)
    {
        var values = other.Model.state_dict();
        return one.Model.state_dict().Max(pair => pair.Value.data<float>().ToArray().Zip(values[pair.Key].data<float>().ToArray(), (x, y) => Math.Abs(x - y)).Max());
    }

    /// <summary>What the sample writes, both streams.</summary>
    private async Task<string> RunAsync(string targets, string[]? more = null, int exitCode = 0, string? folder = null)
    {
        string build = Path.GetRelativePath(Path.Combine(Repository.Root, "tests", "VariationalBoN.Tests"), AppContext.BaseDirectory);
        string program = Path.Combine(Repository.Root, "samples", "AlignHuggingFace", build, "AlignHuggingFace.dll");
        string[] arguments = [program, "--quick", "--steps", "8", "--n", "2", "--targets", targets, "--output", Path.Combine(_folder, folder ?? targets), .. more ?? []];
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var limit = new CancellationTokenSource(s_limit);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token), error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            string all = await output + await error;
            Assert.True(process.ExitCode == exitCode, $"Exit code {process.ExitCode}: {all}");
            return all;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
