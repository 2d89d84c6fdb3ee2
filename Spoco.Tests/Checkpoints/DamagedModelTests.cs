using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Engine.Training;

namespace Spoco.Tests.Checkpoints;

/// <summary>Models whose numbers are not those that were written, or none to compute with.</summary>
public sealed class DamagedModelTests : FolderTests
{
    private static readonly SpocoModelOptions Options = new()
    {
        Network = new UNetOptions { FeatureMaps = [2, 4], Order = "bcr" }, EmbeddingDimensions = 3,
    };

    private string File => Path.Combine(Folder, "model.safetensors");

    public static IEnumerable<(string Array, float Value)> Spoilt =>
    [
        ("net_f.final_conv.bias", float.NaN), ("net_g.encoders.0.basic_module.SingleConv1.conv.weight", float.PositiveInfinity),
        ("net_f.encoders.0.basic_module.SingleConv2.batchnorm.running_mean", float.NegativeInfinity),
        ("net_f.encoders.0.basic_module.SingleConv2.batchnorm.running_var", -1),
    ];

    [Test]
    public void Numbers_that_cannot_be_computed_with_are_refused_by_name([ValueSource(nameof(Spoilt))] (string Array, float Value) spoilt)
    {
        WriteTraining();
        Spoil(spoilt.Array, spoilt.Value);
        var device = TestDevices.Open("cpu");
        AssertRefused(() => Checkpoint.Load(File, device).Dispose(), spoilt.Array);
        using var model = new SpocoModel(device, Options);
        model.Initialise(7);
        var before = State(model);
        using var trainer = new SpocoTrainer(model, Training);
        AssertRefused(() => Checkpoint.Load(File, SafeTensors.Open(File), model), spoilt.Array);
        AssertRefused(() => trainer.Resume(File), spoilt.Array);
        Assert.That(State(model), Is.EqualTo(before));
        AssertRefused(() => Transfer.Apply(File, model), spoilt.Array);
    }

    [Test]
    public void Moments_that_are_no_numbers_are_refused_by_name()
    {
        WriteTraining();
        Spoil("exp_avg_sq.final_conv.bias", float.PositiveInfinity);
        using var model = new SpocoModel(TestDevices.Open("cpu"), Options);
        using var trainer = new SpocoTrainer(model, Training);
        AssertRefused(() => trainer.Resume(File), "exp_avg_sq.final_conv.bias");
    }

    [Test]
    public void A_changed_byte_in_any_array_is_noticed()
    {
        WriteTraining();
        var bytes = System.IO.File.ReadAllBytes(File);
        var data = (int)(8 + BitConverter.ToInt64(bytes));
        var random = new Random(3);
        for (var i = 0; i < 50; i++)
        {
            var changed = bytes.ToArray();
            changed[i switch { 0 => data, 1 => bytes.Length - 1, _ => random.Next(data, bytes.Length) }] ^= (byte)(1 << random.Next(8));
            System.IO.File.WriteAllBytes(File, changed);
            AssertRefused(() => Checkpoint.Load(File, TestDevices.Open("cpu")).Dispose(), "damaged");
        }
    }

    /// <summary>As files of before, and files that another program writes.</summary>
    [Test]
    public void A_file_without_a_checksum_loads_and_one_with_its_arrays_in_another_order_passes()
    {
        WriteTraining();
        var file = SafeTensors.Open(File);
        var entries = file.Entries.Values.Reverse().Select(e => e.Type == SafeTensorType.F32
            ? new SafeTensorSource(e.Name, e.Shape, Values(file.Read(e.Name))) : new SafeTensorSource(e.Name, e.Shape, () => [], [0])).ToArray();
        var checksum = file.Metadata["spoco.checksum"];
        SafeTensors.Write(File, entries, file.Metadata);
        Assert.That(SafeTensors.Open(File).Metadata["spoco.checksum"], Is.EqualTo(checksum));
        Assert.That(checksum, Does.Match("^[0-9a-f]{16}$"));
        System.IO.File.WriteAllText(File, System.IO.File.ReadAllText(File, System.Text.Encoding.Latin1).Replace("spoco.checksum", "spoco.nochecks",
            StringComparison.Ordinal), System.Text.Encoding.Latin1);
        Spoil("net_f.final_conv.bias", 5);
        Assert.That(() => Checkpoint.Load(File, TestDevices.Open("cpu")).Dispose(), Throws.Nothing);

        static Func<float[]> Values(float[] values) => () => values;
    }

    [Test]
    public void A_hash_does_not_depend_on_how_its_contents_are_cut_but_on_every_bit()
    {
        var random = new Random(1);
        var bytes = new byte[101];
        random.NextBytes(bytes);
        var whole = Hash(bytes.Length);
        foreach (var piece in (int[])[1, 3, 7, 8, 9, 64])
            Assert.That(Hash(piece), Is.EqualTo(whole), $"pieces of {piece}");
        for (var bit = 0; bit < 8 * bytes.Length; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.That(Hash(bytes.Length), Is.Not.EqualTo(whole), $"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
        }

        ulong Hash(int piece)
        {
            using var hash = new ContentHash();
            for (var i = 0; i < bytes.Length; i += piece)
                hash.Add(bytes.AsSpan(i, Math.Min(piece, bytes.Length - i)));
            return hash.Value;
        }
    }

    private static TrainingOptions Training => new()
    {
        Loss = new SpocoLossOptions { Supervision = Supervision.Full }, Schedule = new ScheduleOptions { Iterations = 10 },
    };

    private static void AssertRefused(Action load, string part) =>
        Assert.That(() => load(), Throws.TypeOf<InputException>().With.Message.Contains(part).And.Message.Contains("damaged"));

    private static float[] State(SpocoModel model) =>
    [
        .. model.EmbeddingNet.Parameters.Values.ToArray(), .. model.EmbeddingNet.Parameters.Statistics.ToArray(),
        .. model.MomentumNet.Parameters.Values.ToArray(),
    ];

    private void WriteTraining()
    {
        using var model = new SpocoModel(TestDevices.Open("cpu"), Options);
        using var trainer = new SpocoTrainer(model, Training);
        model.Initialise(1);
        trainer.Save(File);
    }

    /// <summary>Changes the first value of an array, and takes the checksum away.</summary>
    private void Spoil(string array, float value)
    {
        var bytes = System.IO.File.ReadAllBytes(File);
        var begin = SafeTensors.Open(File).Entries[array].Begin;
        BitConverter.TryWriteBytes(bytes.AsSpan((int)(8 + BitConverter.ToInt64(bytes) + begin)), value);
        var text = System.Text.Encoding.Latin1.GetString(bytes).Replace("spoco.checksum", "spoco.nochecks", StringComparison.Ordinal);
        System.IO.File.WriteAllBytes(File, System.Text.Encoding.Latin1.GetBytes(text));
    }
}
