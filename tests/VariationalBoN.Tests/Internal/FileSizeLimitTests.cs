using VariationalBoN.Tests.Training;

namespace VariationalBoN.Tests.Internal;

/// <summary>Whole-file saves in a process whose files may not grow past 64 KiB, as on a disk that is full.</summary>
[Trait("Tier", "slow")]
public sealed class FileSizeLimitTests : IDisposable
{
    private const string Fits = "100",
        TooMany = "100000";
    private readonly string _folder = Directory.CreateTempSubdirectory("vbon-limit-").FullName;

    private string Saved => Path.Combine(_folder, "saved");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("table")]
    [InlineData("weights")]
    [InlineData("checkpoint")]
    public void Save_that_reaches_it_is_an_input_output_error_and_what_was_there_stays(string what)
    {
        KilledProcess.Run("save", what, _folder, Fits);
        var before = Files();
        string error = KilledProcess.RunWithFileLimit(64, "save", what, _folder, TooMany);
        Assert.Contains($"System.IO.IOException: {Saved}", error);
        Assert.Contains("ulimit -f", error);
        Assert.Equal(before, Files());
    }

    [Fact]
    public void Line_of_metrics_that_reaches_it_is_an_input_output_error_and_the_file_ends_with_the_line_before()
    {
        string error = KilledProcess.RunWithFileLimit(64, "save", "metrics", _folder, TooMany);
        Assert.Contains($"System.IO.IOException: {Saved}", error);
        string text = File.ReadAllText(Saved);
        Assert.EndsWith("}\n", text);
        Assert.InRange(text.Length, (64 << 10) - 100, 64 << 10);
    }

    /// <summary>Each file with its content.</summary>
    private Dictionary<string, string> Files() =>
        Directory
            .GetFiles(_folder, "*", SearchOption.AllDirectories)
            .ToDictionary(path => path, path => Convert.ToBase64String(File.ReadAllBytes(path)));
}
