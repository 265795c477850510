using SentimentControl.Datasets.Austen;
using SentimentControl.Reporting;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Experiments.Pretraining;

/// <summary>Makes the checkpoint of the austen dataset from the text alone: vocabulary, then language model. Stateless.</summary>
internal static class AustenPretraining
{
    private const int VocabularySize = 2048;

    private static readonly Gpt2Config Config = new()
    {
        VocabularySize = VocabularySize,
        MaxLength = 64,
        Width = 160,
        Layers = 4,
        Heads = 5,
        Activation = "gelu",
    };

    /// <summary>Trains and writes vocab.json, merges.txt, config.json, model.safetensors (16 bits a weight) and training.csv.</summary>
    /// <remarks>Called again after a stop or a kill, it goes on from the last checkpoint in the folder.</remarks>
    /// <param name="outputFolder">The folder, made when missing.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static void Run(string outputFolder, RunProgress progress, CancellationToken cancellationToken)
    {
        progress.Say("reads the novels and learns the vocabulary");
        List<AustenSegment> segments = AustenSegmenter.Segment(AustenNovels.Load());
        BytePairTrainer.Save(segments.Where(segment => !segment.HeldOut).Select(segment => segment.Text), VocabularySize, outputFolder);
        Config.Save(Path.Combine(outputFolder, "config.json"));
        ITokenizer tokenizer = AustenVocabulary.Load(outputFolder);
        List<int[]> training = AustenHeldOutText.Tokens(segments.Where(segment => !segment.HeldOut), tokenizer, Config.MaxLength);
        List<int[]> measured = AustenHeldOutText.Tokens(segments.Where(segment => segment.HeldOut), tokenizer, Config.MaxLength);
        progress.Say($"vocabulary: {VocabularySize} tokens; {training.Count} segments to train on, {measured.Count} held out");
        LanguageModelPretraining.Run(
            outputFolder,
            new PretrainingSettings { Model = Config },
            training,
            new AustenHeldOutText(measured, tokenizer),
            progress,
            cancellationToken
        );
    }
}
