using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using VariationalBoN.References;
using VariationalBoN.Tests.Packaging;

namespace VariationalBoN.Tests.References;

/// <summary>What docs/reference-store.md says in SQL, run with nothing but SQL.</summary>
[Trait("Tier", "fast")]
public sealed partial class ReferenceStorePageTests : StoreFixture
{
    private static readonly string s_page = Repository.Read("docs/reference-store.md");

    [Fact]
    public void Queries_of_the_page_answer_what_it_says()
    {
        Prompt conversation = Prompt.Conversation("""[{"role":"user","content":"low"}]""");
        using (var store = Open(Store))
        {
            store.Append([
                Drawn("high", 4, 3.0, 5, 5, null),
                Drawn("low", 14, -2.0, -1),
                Drawn(conversation, 16, -3.0, -3, -3, -3),
                Drawn("none", 4, null, null),
            ]);
            store.Append([Drawn("low", 27, 0.5)], 2);
        }

        string[] queries = [.. Sql().Matches(s_page).Select(match => match.Groups["sql"].Value)];
        Assert.Equal(3, queries.Length);
        Assert.Equal(["none|0", $"{conversation}|-3.0|4", "low|0.5|3", "high|5.0|3"], Answer(queries[0]));
        Assert.Equal([$"{conversation}|0|4|1|0.75", "high|0|3|2|0.333333", "low|0|2|2|0.0", "low|2|1|1|0.0"], Answer(queries[1]));
        Assert.Equal(["0|1|4.333333", "10|2|-2.25", "20|1|0.5"], Answer(queries[2]));
    }

    [Fact]
    public void Columns_and_keys_are_those_of_the_page()
    {
        Open(Store, Provenance with { MoreSeeds = [2] }).Dispose();
        string names = string.Concat(Row().Matches(s_page).Select(row => row.Groups["names"].Value));
        string[] named = [.. Word().Matches(names).Select(word => word.Groups["word"].Value)];
        Assert.Empty(Answer("SELECT name FROM pragma_table_info('samples')").Except(named));
        Assert.All(Answer("SELECT key FROM store"), key => Assert.Contains($"`{key}`", s_page));
        Assert.Equal(StoreSchema.ApplicationId, StoreFileFixture.Sql(Store, "PRAGMA application_id"));
        Assert.Contains($"0x{StoreSchema.ApplicationId:X}", s_page);
        Assert.Contains($"`user_version` {StoreFileFixture.Sql(Store, "PRAGMA user_version")}", s_page);
    }

    private static ReferencePrompt Drawn(Prompt prompt, int tokens, params double?[] rewards) =>
        new(
            prompt,
            rewards.Select(reward => new ScoredSample(
                new Completion
                {
                    Prompt = prompt,
                    Text = "",
                    PromptTokens = [1],
                    Tokens = [.. Enumerable.Range(0, tokens)],
                },
                reward,
                -1
            ))
        );

    private static object Shown(object value) => value is double number ? FormattableString.Invariant($"{number:0.0#####}") : value;

    private string[] Answer(string query)
    {
        using var connection = new SqliteConnection($"Data Source={Store};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = query;
        using SqliteDataReader rows = command.ExecuteReader();
        var answer = new List<string>();
        while (rows.Read())
        {
            IEnumerable<object> values = Enumerable.Range(0, rows.FieldCount).Select(rows.GetValue).Where(value => value is not DBNull);
            answer.Add(string.Join('|', values.Select(Shown)));
        }

        return [.. answer];
    }

    [GeneratedRegex(@"^```sql\r?\n(?<sql>.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Sql();

    [GeneratedRegex(@"^\| (?<names>`[^|]*) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`(?<word>[^`]+)`")]
    private static partial Regex Word();
}
