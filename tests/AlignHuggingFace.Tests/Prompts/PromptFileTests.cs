using System.Text;
using AlignHuggingFace.Prompts;
using Parquet;
using Parquet.Serialization;
using VariationalBoN;

namespace AlignHuggingFace.Tests.Prompts;

[Trait("Tier", "fast")]
public sealed class PromptFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("prompts").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("a.txt", "The film was\r\n  It \"is\", ü\n")]
    [InlineData("a.TXT", "\uFEFFThe film was\n  It \"is\", ü")]
    [InlineData("a.jsonl", """{"id": 1, "prompt": "The film was"}""" + "\n" + """{"prompt": "  It \"is\", \u00fc"}""")]
    [InlineData("a.ndjson", """{"id": 1, "prompt": "The film was"}""" + "\r\n\n" + """{"prompt": "  It \"is\", ü"}""")]
    [InlineData("a.csv", "id,prompt\n1,The film was\n2,\"  It \"\"is\"\", ü\"\n")]
    [InlineData("a.tsv", "id\tprompt\r\n1\tThe film was\r\n2\t\"  It \"\"is\"\", ü\"\r\n")]
    public async Task Prompts_are_read_in_the_form_that_the_ending_names(string name, string content)
    {
        var file = await PromptFile.ReadAsync(Write(name, content), null);
        Assert.Equal([new Prompt("The film was"), new Prompt("  It \"is\", ü")], file.Entries.Select(entry => entry.Prompt));
    }

    [Fact]
    public async Task Strings_of_Parquet_are_read_over_all_row_groups()
    {
        string[] texts = [.. Enumerable.Range(0, 25).Select(i => $"prompt {i} ü")];
        string path = await ParquetAsync(
            texts.Select(text => new Row { Text = text, Number = 1 }),
            new ParquetOptions { RowGroupSize = 10 }
        );
        var file = await PromptFile.ReadAsync(path, "Text");
        Assert.Equal(Prompt.FromTexts(texts), file.Entries.Select(entry => entry.Prompt));
        Assert.Equal("row 25", file.Entries[^1].Place);
    }

    [Fact]
    public async Task Lists_of_messages_are_conversations_in_every_form()
    {
        const string Conversation = """[{"role":"user","content":"Hi, \"you\""}]""";
        var parquet = await ParquetAsync([new Row { messages = [new Message { role = "user", content = "Hi, \"you\"" }] }]);
        string[] paths =
        [
            parquet,
            Write("a.jsonl", $$"""{"messages": {{Conversation}}}"""),
            Write("b.jsonl", $$"""{"prompt": {{Conversation}}, "messages": 1}"""),
            Write("a.csv", $"messages\n\"{Conversation.Replace("\"", "\"\"", StringComparison.Ordinal)}\"\n"),
        ];
        foreach (string path in paths)
            Assert.Equal(Prompt.Conversation(Conversation), Assert.Single((await PromptFile.ReadAsync(path, null)).Entries).Prompt);
    }

    [Fact]
    public async Task A_column_is_chosen_by_name()
    {
        string csv = Write("a.csv", "prompt,text\na,b\n"),
            jsonl = Write("a.jsonl", """{"prompt": "a", "text": "b"}""");
        foreach (string path in new[] { csv, jsonl })
        {
            Assert.Equal("a", Assert.Single((await PromptFile.ReadAsync(path, null)).Entries).Prompt);
            Assert.Equal("b", Assert.Single((await PromptFile.ReadAsync(path, "text")).Entries).Prompt);
        }
    }

    [Theory]
    [InlineData("a.txt", "a\n\n \nb\na\n")]
    [InlineData("a.jsonl", "{\"prompt\":\"a\"}\n{\"prompt\":\"\"}\n{\"prompt\":null}\n{\"prompt\":\"b\"}\n{\"prompt\":\"a\"}")]
    [InlineData("a.csv", "prompt,x\na,1\n,1\n\nb,1\na,1\n")]
    public async Task Empty_prompts_and_those_that_stood_before_are_left_out_and_said(string name, string content)
    {
        var file = await PromptFile.ReadAsync(Write(name, content), null);
        Assert.Equal(Prompt.FromTexts(["a", "b"]), file.Entries.Select(entry => entry.Prompt));
        Assert.Contains(file.Notes, note => note.Contains("2 empty prompts", StringComparison.Ordinal));
        Assert.Contains(file.Notes, note => note.Contains("1 prompt that stood there before", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Text_that_was_lost_before_is_said()
    {
        var file = await PromptFile.ReadAsync(Write("a.txt", "caf\uFFFD\nb"), null);
        Assert.Contains("U+FFFD", Assert.Single(file.Notes), StringComparison.Ordinal);
    }

    public static TheoryData<string, byte[], string> InvalidUtf8 =>
        new()
        {
            { "a.txt", [.. "one\nzwölf "u8, 0xE9, .. " z\n"u8], "line 2, column 7: the byte 0xE9" },
            { "a.jsonl", [.. "{\"prompt\":\"a\"}\n{\"prompt\":\""u8, 0xFF, .. "\"}"u8], "line 2, column 12: the byte 0xFF" },
            { "a.csv", [.. "prompt\n\n"u8, 0xC3], "line 3, column 1: the byte 0xC3" },
            { "a.txt", [0xFF, 0xFE, (byte)'a', 0], "UTF-16" },
        };

    [Theory]
    [MemberData(nameof(InvalidUtf8))]
    public async Task What_is_not_UTF8_is_refused_with_line_and_column(string name, byte[] content, string expected)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        await RefusedAsync(path, null, path, expected, "UTF-8");
    }

    [Theory]
    [InlineData("a.jsonl", "{\"prompt\":\"a\"}\n{\"text\":\"b\"}", null, "line 2", "\"prompt\"", "\"text\"", "--prompt-column")]
    [InlineData("a.jsonl", "{\"text\":\"b\"}", null, "line 1", "\"prompt\" or \"messages\"", "\"text\"")]
    [InlineData("a.jsonl", "{\"prompt\":\"b\"}", "question", "line 1", "\"question\"", "\"prompt\"")]
    [InlineData("a.csv", "text,label\na,1\n", null, "line 1", "\"prompt\" or \"messages\"", "\"text\", \"label\"")]
    [InlineData("a.txt", "a\n", "prompt", "no columns", "--prompt-column")]
    public async Task A_missing_column_is_refused_with_those_that_are_there(
        string name,
        string content,
        string? column,
        params string[] expected
    ) => await RefusedAsync(Write(name, content), column, expected);

    [Fact]
    public async Task A_missing_column_of_Parquet_is_refused_with_those_that_are_there() =>
        await RefusedAsync(
            await ParquetAsync([new Row { Text = "a" }]),
            "prompt",
            "\"prompt\"",
            "\"Text\", \"Number\", \"messages\"",
            "--prompt-column"
        );

    [Theory]
    [InlineData("a.jsonl", "{\"prompt\":\"a\"}\n{\"prompt\": b}", "line 2, column 12", "not JSON")]
    [InlineData("a.jsonl", "{\"prompt\":\"a\"}\n\"b\"", "line 2", "a string", "object")]
    [InlineData("a.jsonl", "{\"prompt\": 3}", "line 1", "\"prompt\"", "a number")]
    [InlineData("a.jsonl", "{\"prompt\": \"\\ud800\"}", "line 1", "surrogate")]
    [InlineData("a.jsonl", "{\"messages\": [{\"content\": \"a\"}]}", "line 1", "\"messages\"", "role")]
    [InlineData("a.csv", "prompt,x\na,1\nb\n", "line 3", "1 values", "2 columns")]
    [InlineData("a.csv", "prompt,x\na,1\n\"b,2\nc,3\n", "line 3", "quote")]
    [InlineData("a.csv", "prompt\n\"b\nc\n", "line 2", "quote")]
    [InlineData("a.csv", "prompt,prompt\na,1\n", "line 1", "stands twice")]
    [InlineData("a.txt", "", "no prompts")]
    [InlineData("a.jsonl", "", "no prompts")]
    [InlineData("a.csv", "", "no prompts")]
    [InlineData("a.csv", "prompt\n", "no prompts")]
    [InlineData("a.txt", "\n \n", "no prompts", "all 2 entries are empty")]
    [InlineData("a.parquet", "", "not a Parquet file")]
    [InlineData("a.parquet", "prompt\nsome text that is long enough\n", "not a Parquet file")]
    [InlineData("a.json", "[]", "\".json\"", ".jsonl")]
    [InlineData("prompts", "a", ".txt")]
    public async Task What_is_not_as_its_ending_says_is_refused_with_the_place(string name, string content, params string[] expected) =>
        await RefusedAsync(Write(name, content), null, expected);

    [Fact]
    public async Task Damaged_Parquet_is_refused()
    {
        string path = await ParquetAsync([new Row { Text = "a" }]);
        byte[] bytes = File.ReadAllBytes(path);
        for (int i = 4; i < 40; i++)
            bytes[i] ^= 0x5a;
        File.WriteAllBytes(path, bytes);
        await RefusedAsync(path, "Text", "damaged", path);
        await RefusedAsync(await ParquetAsync([new Row { Number = 1 }]), "Number", "\"Number\"", "strings");
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_named() =>
        await Assert.ThrowsAsync<FileNotFoundException>(() => PromptFile.ReadAsync(Path.Combine(_folder, "none.parquet"), null));

    private static async Task RefusedAsync(string path, string? column, params string[] expected)
    {
        var e = await Assert.ThrowsAsync<InvalidDataException>(() => PromptFile.ReadAsync(path, column));
        Assert.Contains(path, e.Message, StringComparison.Ordinal);
        foreach (string part in expected)
            Assert.Contains(part, e.Message, StringComparison.Ordinal);
    }

    private string Write(string name, string content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, content, new UTF8Encoding(false));
        return path;
    }

    private async Task<string> ParquetAsync(IEnumerable<Row> rows, ParquetOptions? options = null)
    {
        string path = Path.Combine(_folder, "a.parquet");
        await using var stream = File.Create(path);
        await ParquetSerializer.SerializeAsync(rows, stream, options);
        return path;
    }

#pragma warning disable IDE1006 // names of columns
    private sealed class Row
    {
        public string? Text { get; set; }

        public int Number { get; set; }

        public List<Message>? messages { get; set; }
    }

    private sealed class Message
    {
        public string? role { get; set; }

        public string? content { get; set; }
    }
#pragma warning restore IDE1006
}
