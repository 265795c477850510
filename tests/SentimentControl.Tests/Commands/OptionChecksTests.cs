using System.CommandLine;
using System.Globalization;
using SampleHosting;

namespace SentimentControl.Tests.Commands;

[Trait("Tier", "fast")]
public sealed class OptionChecksTests
{
    private static readonly Option<double> s_rate = OptionChecks.Number("--rate", "", 0.5, value => value > 0, "above 0");
    private static readonly Option<int?> s_steps = OptionChecks.Number<int>("--steps", "", value => value >= 1, "at least 1");
    private static readonly Option<string> s_output = CommonOptions.Output("");

    [Theory]
    [InlineData("--rate 1e999", "--rate is '1e999'; it must be a number, above 0")]
    [InlineData("--rate NaN", "--rate is 'NaN'")]
    [InlineData("--rate Infinity", "--rate is 'Infinity'")]
    [InlineData("--rate -1", "--rate is '-1'")]
    [InlineData("--rate 0", "--rate is '0'")]
    [InlineData("--rate 0,5", "--rate is '0,5'")]
    [InlineData("--rate", "--rate")]
    [InlineData("--rate 1 --rate 2", "--rate")]
    [InlineData("--steps 0", "--steps is '0'; it must be a whole number, at least 1")]
    [InlineData("--steps 2.5", "--steps is '2.5'")]
    [InlineData("--steps 99999999999", "--steps is '99999999999'")]
    [InlineData("--steps", "--steps")]
    [InlineData("--output /dev/null", "--output is '/dev/null'; it must be a folder")]
    [InlineData("--output /dev/null/a/b", "--output is '/dev/null/a/b'; it must be a folder")]
    public void A_wrong_value_is_named_with_what_it_must_be(string line, string message)
    {
        var faults = Parse(line).Errors;

        Assert.Contains(faults, fault => fault.Message.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void Numbers_are_read_the_same_in_every_country()
    {
        var usual = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = new CultureInfo("de-DE");
        try
        {
            Assert.Equal(1.5, Parse("--rate 1.5").GetValue(s_rate));
        }
        finally
        {
            CultureInfo.CurrentCulture = usual;
        }
    }

    [Fact]
    public void What_is_not_given_has_its_default()
    {
        var parsed = Parse("--steps 3");

        Assert.Equal((0.5, 3), (parsed.GetValue(s_rate), parsed.GetValue(s_steps)));
        Assert.Null(Parse("--rate 1e-3").GetValue(s_steps));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_named_as_it_was_given()
    {
        if (!OperatingSystem.IsLinux())
            return; // elsewhere there is no folder that nobody can write to
        var fault = Assert.Throws<UsageException>(() => CommonOptions.RequireWritable("--output", "/proc/results"));

        Assert.StartsWith("--output is '/proc/results'; nothing can be written there: ", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_can_be_written_is_left_empty()
    {
        string parent = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string folder = Path.Combine(parent, "a", "b");
            CommonOptions.RequireWritable("--output", folder);

            Assert.Empty(Directory.GetFileSystemEntries(folder));
        }
        finally
        {
            Directory.Delete(parent, recursive: true);
        }
    }

    private static ParseResult Parse(string line) => new RootCommand { s_rate, s_steps, s_output }.Parse(line.Split(' '));
}
