using System.Reflection;

namespace SentimentControl.Tests.Commands;

/// <summary>Every program of the folder samples, called as its user does; none gets as far as its work.</summary>
[Trait("Tier", "fast")]
[Collection("Console")]
public sealed class SampleProgramsTests
{
    private static readonly string[] s_names =
    [
        .. Directory
            .GetFiles(AppContext.BaseDirectory, "*.runtimeconfig.json")
            .Select(file => Path.GetFileName(file)[..^".runtimeconfig.json".Length])
            // the samples' names have no dot, those of tests and benchmarks do
            .Where(name => !name.Contains('.', StringComparison.Ordinal)),
    ];

    public static TheoryData<string> Programs => [.. s_names];

    [Fact]
    public void Every_sample_that_is_a_program_is_called() =>
        Assert.Equal(
            Directory
                .GetFiles(Path.Combine(Root(), "samples"), "*.csproj", SearchOption.AllDirectories)
                .Where(project => File.ReadAllText(project).Contains("<OutputType>Exe", StringComparison.Ordinal))
                .Select(project => Path.GetFileNameWithoutExtension(project))
                .Order(StringComparer.Ordinal),
            s_names.Order(StringComparer.Ordinal)
        );

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Help_says_what_the_program_does(string program)
    {
        (int code, string error, string output) = await RunAsync(program, "--help");

        Assert.Equal((0, ""), (code, error));
        Assert.Contains("Description:", output, StringComparison.Ordinal);
        Assert.Contains("--help", output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task An_unknown_option_is_one_line_and_exit_code_2(string program)
    {
        (int code, string error, string output) = await RunAsync(program, "--no-such-option");

        Assert.Equal((2, ""), (code, output));
        Assert.Contains("--no-such-option", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Two_words_too_many_are_refused(string program)
    {
        (int code, string error, _) = await RunAsync(program, "serve", "rewards", "tea");

        Assert.Equal(2, code);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "VariationalBoN.sln")))
            folder =
                Path.GetDirectoryName(folder)
                ?? throw new DirectoryNotFoundException($"No VariationalBoN.sln above {AppContext.BaseDirectory}.");
        return folder;
    }

    private static Task<(int Code, string Error, string Output)> RunAsync(string program, params string[] args) =>
        ConsoleCapture.RunAsync(() => Task.FromResult((int)Assembly.Load(program).EntryPoint!.Invoke(null, [args])!));
}
