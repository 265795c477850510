using System.Globalization;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Reads a SentencePiece file of the kind that Llama and Mistral come with.</summary>
internal static class SentencePieceReader
{
    private const int BytePairType = 2;

    internal static SentencePieceModel Read(string file, byte[] bytes)
    {
        var model = new SentencePieceModel();
        int type = 1; // unigram, when the file does not say
        var reader = new ProtoReader(file, bytes, 0, bytes.Length);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 1:
                    ReadPiece(model, reader);
                    break;
                case 2:
                    type = ReadTrainer(model, reader.Message(), type);
                    break;
                case 3:
                    ReadNormalizer(model, reader.Message());
                    break;
                case 4:
                    break; // texts to test itself with
                case 5:
                    RequireNothing(reader.Message());
                    break;
                default:
                    throw reader.Fault($"field {reader.Field} is not known");
            }
        }

        if (type != BytePairType)
            throw new InvalidDataException(
                $"{file}: the model is of type {type}; only byte-pair encoding, {BytePairType}, is supported. Save the tokenizer with its "
                    + $"tokenizer.json."
            );
        model.Seal(message => new InvalidDataException($"{file}: {message}."));
        return model;
    }

    private static void ReadPiece(SentencePieceModel model, ProtoReader reader)
    {
        var inside = reader.Message();
        string? text = null;
        float score = 0;
        var type = SentencePieceType.Normal;
        while (inside.Read())
        {
            switch (inside.Field)
            {
                case 1:
                    text = inside.Text();
                    break;
                case 2:
                    score = inside.Float();
                    break;
                case 3:
                    type = inside.Integer() is >= 1 and <= 6 and var number
                        ? (SentencePieceType)number
                        : throw inside.Fault($"type {inside.Integer()} of piece {model.Count}");
                    break;
                default:
                    throw inside.Fault($"field {inside.Field} of piece {model.Count} is not known");
            }
        }

        if (type == SentencePieceType.Unused)
            throw reader.Fault($"piece {model.Count} is of type unused, which is not supported");
        if (string.IsNullOrEmpty(text) || float.IsNaN(score) || !model.TryAdd(text, score, type))
            throw reader.Fault(
                $"piece {model.Count}, \"{text}\" of score {score.ToString(CultureInfo.InvariantCulture)}, is empty, not a number, or "
                    + $"stands there twice"
            );
    }

    private static int ReadTrainer(SentencePieceModel model, ProtoReader inside, int type)
    {
        while (inside.Read())
        {
            switch (inside.Field)
            {
                case 3:
                    type = inside.Integer() is >= 1 and <= 4 and var number
                        ? (int)number
                        : throw inside.Fault($"model type {inside.Integer()}");
                    break;
                case 24 when inside.Integer() != 0:
                    throw inside.Fault("treat_whitespace_as_suffix is true, which is not supported");
                case 35:
                    model.ByteFallback = inside.Integer() != 0;
                    break;
            }
        }

        return type;
    }

    private static void ReadNormalizer(SentencePieceModel model, ProtoReader inside)
    {
        while (inside.Read())
        {
            switch (inside.Field)
            {
                case 1:
                    break; // the name of the rules that lie compiled in field 2
                case 2 when inside.Range.End > inside.Range.Start:
                    throw inside.Fault(
                        "the model normalises characters (precompiled_charsmap), which is not supported. Save the tokenizer with its "
                            + "tokenizer.json"
                    );
                case 2:
                    break;
                case 3:
                    model.AddDummyPrefix = inside.Integer() != 0;
                    break;
                case 4:
                    model.RemoveExtraWhitespaces = inside.Integer() != 0;
                    break;
                case 5 when inside.Integer() == 0:
                    throw inside.Fault("escape_whitespaces is false, which is not supported");
                case 5:
                    break;
                case 6 when inside.Range.End > inside.Range.Start:
                    throw inside.Fault("normalization_rule_tsv is not supported");
                case 6:
                    break;
                default:
                    throw inside.Fault($"field {inside.Field} of normalizer_spec is not known");
            }
        }
    }

    private static void RequireNothing(ProtoReader inside)
    {
        while (inside.Read())
        {
            if (inside.Field is 2 or 6 && inside.Range.End > inside.Range.Start)
                throw inside.Fault("denormalizer_spec is not supported");
        }
    }
}
