using System.Text.Json;
using VariationalBoN.Internal;
using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "fast")]
public sealed class ReferenceTableFileTests : IDisposable
{
    private static readonly ReferenceProvenance s_provenance = new(
        new ScoringIdentity(
            new ModelIdentity(
                "gpt \"small\"",
                ("temperature", 1.0),
                ("cached", true),
                ("inner", new ModelIdentity("module", ("weights", 12)))
            ),
            "judge",
            new ScoringOptions().Identity
        ),
        long.MinValue
    );
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    private string File1 => Path.Combine(_folder, "table.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Saved_table_comes_back_bit_by_bit()
    {
        Hard().Save(File1);
        var loaded = ReferenceTable.Load(File1);
        Assert.Equal(s_provenance, loaded.Provenance);
        foreach (var (one, two) in Hard().Prompts.Zip(loaded.Prompts))
        {
            Assert.Equal(one.Prompt, two.Prompt);
            Assert.Equal(one.Excluded, two.Excluded);
            Assert.Equal(one.Rewards.Select(BitConverter.DoubleToInt64Bits), two.Rewards.Select(BitConverter.DoubleToInt64Bits));
            Assert.Equal(
                one.Samples.Select(s => BitConverter.DoubleToInt64Bits(s.LogReference)),
                two.Samples.Select(s => BitConverter.DoubleToInt64Bits(s.LogReference))
            );
            Assert.Equal(one.Responses.ToArray(), two.Responses.ToArray());
            Assert.Equal(one.Samples.Select(s => s.Completion.FinishReason), two.Samples.Select(s => s.Completion.FinishReason));
            Assert.Equal(one.Samples.SelectMany(s => s.Completion.Tokens), two.Samples.SelectMany(s => s.Completion.Tokens));
            Assert.Equal(one.Samples.SelectMany(s => s.Completion.PromptTokens), two.Samples.SelectMany(s => s.Completion.PromptTokens));
        }

        string again = File1 + "2";
        loaded.Save(again);
        Assert.Equal(File.ReadAllBytes(File1), File.ReadAllBytes(again));
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(ReferenceTableFormat.RowPerPrompt)]
    [InlineData(ReferenceTableFormat.Whole)]
    public void Table_of_a_conversation_comes_back(ReferenceTableFormat? format)
    {
        Prompt conversation = Prompt.Conversation("""[{"role":"user","content":"\"a\" é"}]""");
        var table = new ReferenceTable([
            new ReferencePrompt(conversation, [1.0, 2], ["x", "y"]),
            new ReferencePrompt(conversation.Canonical, [3.0], ["z"]),
        ]);
        if (format is ReferenceTableFormat theirs)
            table.Save(File1, theirs);
        else
            table.Save(File1);
        ReferenceTable loaded = ReferenceTable.Load(File1);
        Assert.Equal(table.Prompts.Select(prompt => prompt.Prompt), loaded.Prompts.Select(prompt => prompt.Prompt));
        Assert.Equal([1.0, 2], loaded[conversation].Rewards.AsEnumerable());
        Assert.Equal(["z"], loaded[conversation.Canonical].Responses.AsEnumerable());
    }

    [Fact]
    public void Each_line_is_a_row_of_the_authors_format()
    {
        Hard().Save(File1);
        string[] lines = File.ReadAllLines(File1);
        Assert.Equal(2, lines.Length);
        using var row = JsonDocument.Parse(lines[1]);
        Assert.Equal("line\nbreak \u2028 \"é\" 🙂", row.RootElement.GetProperty("prompt").GetString());
        Assert.Equal(row.RootElement.GetProperty("rewards").GetArrayLength(), row.RootElement.GetProperty("responses").GetArrayLength());
    }

    [Fact]
    public void Rows_per_sample_of_the_authors_are_gathered_by_prompt()
    {
        Write(
            """{"prompt":"okay, my","text":"okay, my friend","reward":1.5}""",
            """{"prompt":"b","text":"b.","reward":-2}""",
            "",
            """{"prompt":"okay, my","text":"okay, my","reward":0.25,"more":[]}"""
        );
        var table = ReferenceTable.Load(File1);
        Assert.Equal(["okay, my", "b"], table.Prompts.Select(p => p.Prompt));
        Assert.Equal([1.5, 0.25], table["okay, my"].Rewards.ToArray());
        Assert.Equal([" friend", ""], table["okay, my"].Responses.ToArray());
        Assert.Empty(table["okay, my"].Samples);
        Assert.Null(table.Provenance);
    }

    [Fact]
    public void Rows_per_prompt_of_the_authors_are_read_with_and_without_responses()
    {
        Write("""{"prompt":"a","rewards":[3,1,2]}""", """{"prompt":"b","rewards":[1e-3],"responses":["yes"]}""");
        var table = ReferenceTable.Load(File1);
        Assert.Equal([3.0, 1, 2], table["a"].Rewards.ToArray());
        Assert.Empty(table["a"].Responses);
        Assert.Equal(["yes"], table["b"].Responses.ToArray());
        table.Save(File1);
        Assert.Equal([3.0, 1, 2], ReferenceTable.Load(File1)["a"].Rewards.ToArray());
    }

    [Theory]
    [InlineData("""{"prompt":"b","rewards":[1,2""", "cut")]
    [InlineData("""{"prompt":"b","rewards":[1,NaN]}""", "NaN and Infinity")]
    [InlineData("""{"prompt":"b","rewards":["NaN"]}""", "finite numbers")]
    [InlineData("""{"prompt":"b","rewards":[1e999]}""", "finite numbers")]
    [InlineData("""{"prompt":"b","rewards":[null]}""", "finite numbers")]
    [InlineData("""{"prompt":"b","rewards":[]}""", "M = 0")]
    [InlineData("""{"prompt":"b","rewards":3}""", "must be an array")]
    [InlineData("""{"prompt":"b","rewards":[1],"rewards":[2]}""", "stand twice")]
    [InlineData("""{"prompt":"a","rewards":[1]}""", "has a row already")]
    [InlineData("""{"prompt":"b","rewards":[1,2],"responses":["x"]}""", "1 responses")]
    [InlineData("""{"prompt":7,"rewards":[1]}""", "must be a string")]
    [InlineData("""{"rewards":[1]}""", "no \"prompt\"")]
    [InlineData("""{"prompt":"b"}""", "neither")]
    [InlineData("""["b"]""", "JSON object")]
    [InlineData("""{"prompt":"b","text":"c d","reward":1}""", "does not start with the prompt")]
    [InlineData("""{"prompt":"b","text":"b d","reward":"high"}""", "finite numbers")]
    [InlineData(
        """{"prompt":"b","rewards":[1],"provenance":{"reference":"r","rewardModel":"j","scoring":"s","seed":1}}""",
        "another reference"
    )]
    [InlineData(
        """{"prompt":"b","rewards":[1],"responses":["x"],"excluded":[],"promptTokens":[],"logReference":[-1,-1],"finishReasons":["Stopped"],"tokens":[[1]]}""",
        "2 logReference"
    )]
    [InlineData(
        """{"prompt":"b","rewards":[1],"responses":["x"],"excluded":[],"promptTokens":[],"logReference":[5],"finishReasons":["Stopped"],"tokens":[[1]]}""",
        "at most 0"
    )]
    [InlineData(
        """{"prompt":"b","rewards":[1],"responses":["x"],"excluded":[],"promptTokens":[],"logReference":[-1],"finishReasons":["Bored"],"tokens":[[1]]}""",
        "Bored"
    )]
    [InlineData(
        """{"prompt":"b","rewards":[1],"responses":["x"],"excluded":[-1],"promptTokens":[],"logReference":[-1],"finishReasons":["Stopped"],"tokens":[[1]]}""",
        "excluded"
    )]
    [InlineData(
        """{"prompt":"b","rewards":[1],"responses":["x"],"excluded":[],"promptTokens":[],"logReference":[-1],"finishReasons":["Stopped"],"tokens":[["1"]]}""",
        "line 2"
    )]
    public void Bad_row_is_named_by_file_line_and_remedy(string row, string why)
    {
        Write("""{"prompt":"a","rewards":[1]}""", row);
        string message = Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(File1)).Message;
        Assert.Contains($"{File1}, line 2", message);
        Assert.Contains(why, message);
        Assert.Contains("estimate the table anew", message);
    }

    [Fact]
    public void Saved_table_that_is_cut_anywhere_is_refused()
    {
        Hard().Save(File1);
        byte[] whole = File.ReadAllBytes(File1);
        int firstLine = Array.IndexOf(whole, (byte)'\n') + 1;
        for (int length = firstLine; length < whole.Length - 1; length++)
        {
            File.WriteAllBytes(File1, whole[..length]);
            Assert.Contains("line 2", Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(File1)).Message);
        }
    }

    [Fact]
    public void Saved_table_in_which_a_byte_changed_is_refused()
    {
        Hard().Save(File1);
        byte[] whole = File.ReadAllBytes(File1);
        for (int at = 0; at < whole.Length - 1; at += 3)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 1; // a digit becomes another
            File.WriteAllBytes(File1, damaged);
            Assert.Contains(File1, Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(File1)).Message);
        }
    }

    [Fact]
    public void Saved_tables_can_be_joined_as_files_but_no_line_may_be_missing()
    {
        ReferenceTable other = new(
            [new ReferencePrompt("x", [1.0], []), new ReferencePrompt("y", [2.0], []), new ReferencePrompt("z", [3.0], [])],
            s_provenance
        );
        Hard().Save(File1);
        string[] lines = File.ReadAllLines(File1);
        other.Save(File1);
        string[] more = File.ReadAllLines(File1);
        Write([.. lines, .. more]);
        Assert.Equal(5, ReferenceTable.Load(File1).Prompts.Length);
        File.WriteAllText(File1, string.Join("\r\n", (string[])[.. more, .. lines]));
        Assert.Equal(5, ReferenceTable.Load(File1).Prompts.Length);
        foreach (
            string[] part in (string[][])
                [
                    [lines[0], .. more],
                    [more[0], more[2], .. lines],
                    [.. lines, .. more[..2]],
                    [more[0], lines[1]],
                ]
        )
        {
            Write(part);
            Assert.Contains("more rows of a table", Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(File1)).Message);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    public void Empty_file_is_refused(string content)
    {
        File.WriteAllText(File1, content);
        Assert.Contains(File1, Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(File1)).Message);
    }

    [Fact]
    public void File_that_is_not_text_is_refused()
    {
        File.WriteAllBytes(File1, [(byte)'{', 0xFF, 0xC0, (byte)'}']);
        Assert.Contains($"{File1}, line 1", Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(File1)).Message);
    }

    [Theory]
    [InlineData(ReferenceTableFormat.RowPerPrompt, "prompt,rewards,responses", 2)]
    [InlineData(ReferenceTableFormat.RowPerSample, "prompt,text,reward", 14)]
    public void Formats_of_the_authors_are_written_with_their_columns_alone_and_come_back(
        ReferenceTableFormat format,
        string columns,
        int rows
    )
    {
        Hard().Save(File1, format);
        string[] lines = File.ReadAllLines(File1);
        Assert.Equal(rows, lines.Length);
        Assert.All(
            lines,
            line =>
            {
                using var row = JsonDocument.Parse(line);
                Assert.Equal(columns, string.Join(',', row.RootElement.EnumerateObject().Select(property => property.Name)));
            }
        );
        var loaded = ReferenceTable.Load(File1);
        Assert.Null(loaded.Provenance);
        foreach (var (one, two) in Hard().Prompts.Zip(loaded.Prompts))
        {
            Assert.Equal(one.Rewards.Select(BitConverter.DoubleToInt64Bits), two.Rewards.Select(BitConverter.DoubleToInt64Bits));
            Assert.Equal(one.Responses.ToArray(), two.Responses.ToArray());
        }
    }

    [Fact]
    public void Row_per_sample_without_texts_is_refused_and_the_old_file_stays()
    {
        Write("old");
        var table = new ReferenceTable([new ReferencePrompt("p", [1.0], [])]);
        Assert.Contains(
            "\"p\"",
            Assert.Throws<InvalidOperationException>(() => table.Save(File1, ReferenceTableFormat.RowPerSample)).Message
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => table.Save(File1, (ReferenceTableFormat)7));
        Assert.Equal("old\n", File.ReadAllText(File1));
    }

    [Fact]
    public void Half_of_a_surrogate_pair_is_refused_where_it_comes_in_and_where_it_would_be_written()
    {
        Write("old");
        Assert.Throws<ArgumentException>(() => new ReferencePrompt("🙂"[..1], [1.0], []));
        var table = new ReferenceTable([new ReferencePrompt("p", [1.0, 2.0], ["whole 🙂", "half 🙂"[..6]])]);
        foreach (ReferenceTableFormat format in Enum.GetValues<ReferenceTableFormat>())
            Assert.Contains(
                "surrogate pair at index 5",
                Assert.Throws<InvalidOperationException>(() => table.Save(File1, format)).Message,
                StringComparison.Ordinal
            );
        Assert.Equal("old\n", File.ReadAllText(File1));
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev/null")]
    public void Device_is_no_table(string device)
    {
        if (OperatingSystem.IsWindows())
            return;
        File.CreateSymbolicLink(File1, device);
        Assert.Contains(File1, Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(File1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Save_that_fails_half_way_leaves_the_old_file_and_nothing_else()
    {
        Hard().Save(File1);
        byte[] before = File.ReadAllBytes(File1);
        Assert.Throws<IOException>(() =>
            AtomicFile.Write(
                File1,
                stream =>
                {
                    ReferenceTableFile.Write(stream, Hard());
                    throw new IOException("no space left");
                }
            )
        );
        Assert.Equal(before, File.ReadAllBytes(File1));
        Assert.Equal([File1], Directory.GetFiles(_folder));
    }

    [Fact]
    public void Save_into_a_folder_that_does_not_exist_fails_with_an_input_output_error() =>
        Assert.ThrowsAny<IOException>(() => Hard().Save(Path.Combine(_folder, "no", "table.jsonl")));

    [Fact]
    public void Table_without_prompts_or_with_one_twice_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new ReferenceTable([]));
        Assert.Contains(
            "\"p\"",
            Assert.Throws<ArgumentException>(() => new ReferenceTable([new("p", [1.0], []), new("p", [2.0], [])])).Message
        );
    }

    private static ReferenceTable Hard()
    {
        double[] rewards = [0.1 + 0.2, -0.0, double.Epsilon, -double.MaxValue, Math.PI, 1e300, 5e-324 * 7];
        return new([Prompt("plain", 2), Prompt("line\nbreak \u2028 \"é\" 🙂", 0)], s_provenance);

        ReferencePrompt Prompt(Prompt prompt, int excluded)
        {
            ScoredSample[] samples =
            [
                .. rewards.Select(
                    (reward, i) =>
                        new ScoredSample(
                            new Completion
                            {
                                Prompt = prompt,
                                Text = $" \\{i}\t\r\nü",
                                PromptTokens = [7, int.MaxValue],
                                Tokens = [.. Enumerable.Range(0, i)],
                                FinishReason = (FinishReason)(i % 2),
                            },
                            reward,
                            -Math.Exp(i) / 3
                        )
                ),
            ];
            return new(prompt, [samples[0], .. Enumerable.Repeat(samples[0] with { Reward = null }, excluded), .. samples[1..]]);
        }
    }

    private void Write(params string[] rows) => File.WriteAllLines(File1, rows);
}
