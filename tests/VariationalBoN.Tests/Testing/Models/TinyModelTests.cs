using VariationalBoN.Testing.Models;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Classifiers;

namespace VariationalBoN.Tests.Testing.Models;

[Trait("Tier", "torch")]
public sealed class TinyModelTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Trained_language_model_writes_sentences_of_the_grammar()
    {
        using var model = PretrainedCausalLm.Load(TinyLanguageModel.Write(Path.Combine(_folder, "trained")));
        var policy = new CausalLmPolicy(
            model.Model,
            model.Tokenizer,
            new GenerationOptions { MaxNewTokens = 20, StopTokens = model.StopTokens }
        );
        var drawn = policy.Sample([.. TinyText.Prompts.Select(text => (Prompt)text)], 8, seed: 1);
        var words = TinyText.Sentences.SelectMany(Words).ToHashSet();

        Assert.True(drawn.Count(completion => completion.FinishReason == FinishReason.Stopped) >= 0.9 * drawn.Count);
        Assert.True(drawn.Count(completion => Words(completion.Text).All(words.Contains)) >= 0.8 * drawn.Count);
        // of 160: neither kind nor unkind as a rule
        Assert.True(drawn.Count(completion => TinyText.Tone(completion.Text) > 0) is > 30 and < 130);
    }

    [Fact]
    public void Same_arguments_write_the_same_files_and_a_model_may_be_replaced()
    {
        string first = TinyLanguageModel.Write(Path.Combine(_folder, "first"), steps: 2),
            second = Path.Combine(_folder, "second");
        TinyLanguageModel.Write(second, steps: 0, seed: 3);
        TinyLanguageModel.Write(second, steps: 2);

        Assert.Equal(
            Directory.GetFiles(first).Select(Path.GetFileName).Order(),
            Directory.GetFiles(second).Select(Path.GetFileName).Order()
        );
        Assert.All(
            Directory.GetFiles(first),
            file => Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(second, Path.GetFileName(file))))
        );
    }

    [Fact]
    public void A_directory_of_something_else_is_left_alone()
    {
        string note = Path.Combine(_folder, "note.txt");
        File.WriteAllText(note, "mine");

        Assert.Contains(
            _folder,
            Assert.Throws<IOException>(() => TinyLanguageModel.Write(_folder, steps: 0)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            _folder,
            Assert.Throws<IOException>(() => TinyClassifier.Write(_folder, steps: 0)).Message,
            StringComparison.Ordinal
        );
        Assert.Equal([note], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task Trained_classifier_tells_praise_from_blame()
    {
        using var classifier = PretrainedClassifier.Load(TinyClassifier.Write(Path.Combine(_folder, "classifier")));
        var reward = classifier.TextReward(new ClassifierRewardOptions { Label = TinyClassifier.Label, Output = ClassifierOutput.LogProb });
        string[] texts =
        [
            " was very moving and clever.",
            " was a little dull.",
            " seemed warm from beginning to end.",
            " was loud and flat.",
        ];
        var scores = await reward.ScoreAsync([.. texts.Select(text => new Completion { Prompt = "The film", Text = text })], default);

        Assert.True(scores[0] > Math.Log(0.9) && scores[2] > Math.Log(0.9));
        Assert.True(scores[1] < Math.Log(0.1) && scores[3] < Math.Log(0.1));
    }

    [Fact]
    public void Tone_counts_whole_words()
    {
        Assert.Equal(1, TinyText.Tone("The film was moving, warm and slow"));
        Assert.Equal(0, TinyText.Tone("unmoving"));
        Assert.Equal(TinyText.Sentences.Length, TinyText.Sentences.Count(sentence => TinyText.Prompts.Any(sentence.StartsWith)));
    }

    private static string[] Words(string text) => text.Split([' ', '.'], StringSplitOptions.RemoveEmptyEntries);
}
