using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The passes on the host: a worker goes through the tiles of one part of the pixels after the other. Sums are single precision within a tile and
/// double precision beyond it, per part; the parts are added in their order, so that no sum depends on the workers.
/// </summary>
internal static unsafe class EmbeddingLossHost
{
    private const int Stride = PixelTile.Stride;

    private const int Parts = PartSums.Parts;

    /// <summary>Owner of no pixel at all.</summary>
    private const int Nobody = -3;

    public static void ClusterSums(
        HostDevice host, EmbeddingLayout layout, DeviceBuffer<float> embeddings, PixelSegments segments, DeviceBuffer<float> sums)
    {
        using var memory = host.Workspace(Parts * sums.Length * sizeof(double));
        var partials = Cleared(memory, Parts * sums.Length);
        fixed (int* imageClusters = segments.ImageClusters)
        {
            PartSums.Run(host, EmbeddingTile.CountOf(layout), new ClusterBody(
                layout, embeddings.HostAddress, segments.Owners.HostAddress, imageClusters, partials, sums.Length));
        }

        PartSums.Add(partials, sums);
    }

    public static void Sums(
        HostDevice host, EmbeddingLossInputs inputs, DeviceBuffer<float> gradient, DeviceBuffer<float> objects, DeviceBuffer<float> anchors,
        DeviceBuffer<float> lines)
    {
        var partialLength = Lines(Parts * (objects.Length + anchors.Length));
        var pixelLength = inputs.Terms.LineLength > 0 ? 2L * inputs.Layout.Count : 0;
        var scratchLength = host.Workers.Workers * SumsBody.ScratchLength(inputs.Layout.Channels);
        using var memory = host.Workspace(
            partialLength * sizeof(double) + (scratchLength + pixelLength) * sizeof(float));
        var objectPartials = Cleared(memory, partialLength);
        var anchorPartials = objectPartials + Parts * objects.Length;
        var scratch = (float*)(objectPartials + partialLength);
        var pixels = pixelLength > 0 ? scratch + scratchLength : null;
        PartSums.Run(host, EmbeddingTile.CountOf(inputs.Layout), new SumsBody(
            new Pointers(inputs), !gradient.IsNull, new KeptMasks(inputs, gradient), objectPartials, objects.Length,
            anchorPartials, anchors.Length, pixels, scratch));
        PartSums.Add(objectPartials, objects);
        PartSums.Add(anchorPartials, anchors);
        for (long line = 0; pixels is not null && line < lines.Length / 2; line++)
        {
            double overlap = 0, square = 0;
            for (var p = line * inputs.Terms.LineLength; p < (line + 1) * inputs.Terms.LineLength; p++)
            {
                overlap += pixels[2 * p];
                square += pixels[2 * p + 1];
            }

            lines.HostAddress[2 * line] = (float)overlap;
            lines.HostAddress[2 * line + 1] = (float)square;
        }
    }

    public static void Gradient(HostDevice host, EmbeddingLossInputs inputs, DeviceBuffer<float> shift, DeviceBuffer<float> gradient)
    {
        var layout = inputs.Layout;
        var partialLength = Lines(Parts * inputs.Anchors.Length);
        var scratchLength = host.Workers.Workers * GradientBody.ScratchLength(layout.Channels);
        using var memory = host.Workspace(
            partialLength * sizeof(double) + scratchLength * sizeof(float));
        var partials = Cleared(memory, partialLength);
        var scratch = (float*)(partials + partialLength);
        PartSums.Run(host, EmbeddingTile.CountOf(layout), new GradientBody(
            new Pointers(inputs), new KeptMasks(inputs, gradient), inputs.LineFactors.HostAddress, shift.HostAddress,
            gradient.HostAddress, partials, inputs.Anchors.Length, scratch));
        PartSums.Add(partials, inputs.Anchors.Length);
        for (var a = 0; a < inputs.Centres.AnchorPixels.Length; a++)
        {
            var pixel = gradient.HostAddress + (long)inputs.Centres.AnchorPixels.HostAddress[a] * layout.PixelStride + layout.ChannelOffset;
            for (var c = 0; c < layout.Channels; c++)
                pixel[c] -= (float)partials[(long)a * layout.Channels + c];
        }
    }

    private static double* Cleared(DeviceMemory memory, long length)
    {
        var values = (double*)memory.Block.Pointer;
        new Span<double>(values, checked((int)length)).Clear();
        return values;
    }

    /// <summary>So many numbers, rounded up to whole cache lines.</summary>
    private static long Lines(long length) => (length + CacheLine.Floats - 1) / CacheLine.Floats * CacheLine.Floats;

    /// <summary>The inputs as addresses.</summary>
    private readonly struct Pointers(EmbeddingLossInputs inputs)
    {
        public readonly EmbeddingLossTerms Terms = inputs.Terms;
        public readonly EmbeddingLayout Layout = inputs.Layout;
        public readonly EmbeddingLayout MomentumLayout = inputs.MomentumLayout;
        public readonly float* Embeddings = inputs.Embeddings.HostAddress;
        public readonly float* Momentum = inputs.MomentumEmbeddings.HostAddress;
        public readonly int* Owners = inputs.Centres.Segments.Owners.HostAddress;
        public readonly ImageCentres* Images = inputs.Centres.Images.HostAddress;
        public readonly float* Objects = inputs.Objects.HostAddress;
        public readonly CentreFactors* ObjectFactors = inputs.ObjectFactors.HostAddress;
        public readonly float* Anchors = inputs.Anchors.HostAddress;
        public readonly float* MomentumAnchors = inputs.MomentumAnchors.HostAddress;
        public readonly CentreFactors* AnchorFactors = inputs.AnchorFactors.HostAddress;

        /// <summary>Weights of the hinges of one object, 0 where the tile has none of its pixels and none without a label.</summary>
        public void Hinges(
            in Rows rows, in ImageCentres image, int k, bool present, bool unlabelled, float* weights, out float pull, out float push)
        {
            (pull, push) = (0, 0);
            if (present || unlabelled)
            {
                (pull, push) = TileTerms.Hinges(
                    rows.Squares, rows.Owners.Labels, image.FirstOwner + k, unlabelled ? image.UnlabelledOwner : Nobody, Terms,
                    ObjectFactors[image.FirstObject + k], weights);
            }
            else
            {
                new Span<float>(weights, PixelTile.Pixels).Clear();
            }
        }

        public float AddObjectCrossEntropy(in Rows rows, in ImageCentres image, int k, float* weights) => TileTerms.AddObjectCrossEntropy(
            rows.Squares, rows.Masks, rows.Owners.Labels, image.FirstOwner + k, Terms.Falloff,
            ObjectFactors[image.FirstObject + k].CrossEntropy, weights);

        /// <summary>Squared distances from one object and, where they are needed, its masks.</summary>
        public void ObjectMasks(float* e, in ImageCentres image, int k, in Rows rows)
        {
            var centre = Objects + (long)(image.FirstObject + k) * Layout.Channels;
            if (Terms.Instance == MaskLoss.None)
                PixelTile.SquaredDistances(e, centre, Layout.Channels, rows.Squares);
            else
                PixelTile.Masks(e, centre, Layout.Channels, Terms.Falloff, rows.Squares, rows.Masks);
        }

        /// <summary>Squared distances from one anchor and its masks.</summary>
        public void AnchorMasks(float* e, int anchor, in Rows rows) => PixelTile.Masks(
            e, Anchors + (long)anchor * Layout.Channels, Layout.Channels, Terms.Falloff, rows.Squares, rows.Masks);

        /// <summary>The same in g.</summary>
        public void AnchorTargets(float* g, int anchor, in Rows rows) => PixelTile.Masks(
            g, MomentumAnchors + (long)anchor * Layout.Channels, Layout.Channels, Terms.Falloff, rows.TargetSquares, rows.Targets);
    }

    /// <summary>Adds runs of pixels of one owner, a register of channels at a time.</summary>
    private readonly struct ClusterBody(EmbeddingLayout layout, float* embeddings, int* owners, int* imageClusters, double* partials, long length)
        : IPartBody
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Execute(int from, int until, int part, int worker)
        {
            var sums = partials + part * length;
            for (var index = from; index < until; index++)
            {
                var tile = new EmbeddingTile(layout, index);
                var labels = owners + tile.First;
                for (var first = 0; first < tile.Count;)
                {
                    var last = first + 1;
                    while (last < tile.Count && labels[last] == labels[first])
                        last++;
                    var pixels = embeddings + (tile.First + first) * layout.PixelStride + layout.ChannelOffset;
                    AddRun(pixels, last - first, sums + (long)(imageClusters[tile.Image] + labels[first]) * layout.Channels);
                    first = last;
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void AddRun(float* pixels, int count, double* sums)
        {
            var c = 0;
            for (; c + Vector<float>.Count <= layout.Channels; c += Vector<float>.Count)
            {
                var s = Vector<float>.Zero;
                for (var p = 0; p < count; p++)
                    s += PixelTile.Read(pixels + (long)p * layout.PixelStride + c);
                for (var lane = 0; lane < Vector<float>.Count; lane++)
                    sums[c + lane] += s[lane];
            }

            for (; c < layout.Channels; c++)
            {
                for (var p = 0; p < count; p++)
                    sums[c] += pixels[(long)p * layout.PixelStride + c];
            }
        }
    }

    private readonly struct SumsBody(
        Pointers v, bool gradient, KeptMasks kept, double* objectPartials, long objectLength, double* anchorPartials, long anchorLength,
        float* pixels, float* scratch)
        : IPartBody
    {
        public static int ScratchLength(int channels) => (2 * channels + Rows.Count) * Stride + WeightedRows.Length;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Execute(int from, int until, int part, int worker)
        {
            var channels = v.Layout.Channels;
            var transposed = scratch + (long)worker * ScratchLength(channels);
            var g = transposed + channels * Stride;
            var first = g + channels * Stride;
            var weighted = new WeightedRows(first + Rows.Count * Stride);
            var width = EmbeddingLoss.ObjectWidth(channels, gradient);
            for (var index = from; index < until; index++)
            {
                var tile = new EmbeddingTile(v.Layout, index);
                var image = v.Images[tile.Image];
                var e = tile.LoadEmbeddings(v.Layout, v.Embeddings, transposed);
                var rows = new Rows(first, v.Owners + tile.First, tile.Count);
                var unlabelled = v.Terms.UnlabelledPush != 0 && rows.Owners.Contains(image.UnlabelledOwner);
                for (var k = 0; k < image.Objects; k++)
                {
                    tile.Expect(v.Layout, v.Embeddings, k);
                    AddObject(
                        e, rows, ref weighted, image, k, unlabelled, objectPartials + part * objectLength + (long)(image.FirstObject + k) * width);
                }

                TileSums.Add(e, weighted);
                weighted.Clear();
                if (image.Anchors == 0)
                    continue;
                tile.LoadEmbeddings(v.MomentumLayout, v.Momentum, g);
                AddAnchors(
                    tile, transposed, g, rows, image, anchorPartials + part * anchorLength + (long)image.FirstAnchor * EmbeddingLoss.AnchorScalars);
                if (pixels is null)
                    continue;
                for (var p = 0; p < tile.Count; p++)
                {
                    pixels[2 * (tile.First + p)] = rows.LineOverlaps[p];
                    pixels[2 * (tile.First + p) + 1] = rows.LineSquares[p];
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void AddObject(
            in TileEmbeddings e, in Rows rows, ref WeightedRows weighted, in ImageCentres image, int k, bool unlabelled, double* sums)
        {
            var channels = v.Layout.Channels;
            var terms = v.Terms;
            var owner = image.FirstOwner + k;
            var present = rows.Owners.Contains(owner);
            var hinges = present || unlabelled;
            if (!hinges && terms.Instance == MaskLoss.None)
                return;
            v.ObjectMasks(e.Rows, image, k, rows);
            v.Hinges(rows, image, k, present, unlabelled, weighted.Next, out var pull, out var push);
            sums[0] += pull;
            sums[1] += push;
            if (terms.Instance == MaskLoss.CrossEntropy)
                sums[2] += v.AddObjectCrossEntropy(rows, image, k, weighted.Next);
            var centre = v.Objects + (long)(image.FirstObject + k) * channels;
            var ofObject = sums + EmbeddingLoss.ObjectScalars;
            if (gradient && (pull != 0 || push != 0 || terms.Instance == MaskLoss.CrossEntropy))
                Keep(e, ref weighted, centre, ofObject);
            if (terms.Instance != MaskLoss.Dice)
                return;
            var (overlap, square) = TileTerms.ObjectDice(rows.Masks, rows.Owners.Labels, owner, rows.Targets, weighted.Next);
            sums[2] += overlap;
            sums[3] += square;
            if (!gradient)
                return;
            if (square != 0)
                Keep(e, ref weighted, centre, ofObject + 2 * channels);
            if (!present)
                return;
            Buffer.MemoryCopy(rows.Targets, weighted.Next, PixelTile.Pixels * sizeof(float), PixelTile.Pixels * sizeof(float));
            Keep(e, ref weighted, centre, ofObject + channels);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Keep(in TileEmbeddings e, ref WeightedRows weighted, float* centre, double* sums)
        {
            weighted.Keep(centre, sums);
            if (!weighted.IsFull)
                return;
            TileSums.Add(e, weighted);
            weighted.Clear();
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void AddAnchors(in EmbeddingTile tile, float* e, float* g, in Rows rows, in ImageCentres image, double* sums)
        {
            var uncovered = TileTerms.Uncover(rows.Owners.Labels, image.UnlabelledOwner, rows.Uncovered);
            if (pixels is not null)
                new Span<float>(rows.LineOverlaps, 2 * Stride).Clear();
            var keep = kept.Anchors(tile);
            for (var a = 0; a < image.Anchors; a++, sums += EmbeddingLoss.AnchorScalars)
            {
                tile.Expect(v.MomentumLayout, v.Momentum, a);
                v.AnchorMasks(e, image.FirstAnchor + a, rows);
                v.AnchorTargets(g, image.FirstAnchor + a, rows);
                if (a < keep)
                    kept.Keep(tile, a, v.Terms.Consistency == MaskLoss.CrossEntropy ? rows.TargetSquares : rows.Targets);
                var (overlap, square) = v.Terms.Consistency == MaskLoss.CrossEntropy
                    ? (TileTerms.AnchorCrossEntropy(rows.Squares, rows.Masks, rows.TargetSquares, rows.Targets, v.Terms.Falloff), 0f)
                    : TileTerms.AnchorDice(rows.Masks, rows.Targets);
                sums[0] += overlap;
                sums[1] += square;
                if (uncovered > 0)
                {
                    var covered = TileTerms.Cover(rows.Squares, rows.TargetSquares, v.Terms.PullMargin, rows.Uncovered);
                    uncovered -= covered;
                    sums[2] += covered;
                }

                if (pixels is not null)
                    TileTerms.AddPixels(rows.Masks, rows.Targets, rows.LineOverlaps, rows.LineSquares);
            }
        }
    }

    private readonly struct GradientBody(
        Pointers v, KeptMasks kept, float* lineFactors, float* shift, float* gradient, double* anchorPartials, long anchorLength, float* scratch)
        : IPartBody
    {
        public static int ScratchLength(int channels) =>
            (2 * channels + Rows.Count) * Stride + WeightedRows.Length + TileGradient.Length(channels);

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Execute(int from, int until, int part, int worker)
        {
            var channels = v.Layout.Channels;
            var transposed = scratch + (long)worker * ScratchLength(channels);
            var g = transposed + channels * Stride;
            var first = g + channels * Stride;
            var weighted = new WeightedRows(first + Rows.Count * Stride);
            var memory = first + Rows.Count * Stride + WeightedRows.Length;
            var past = EmbeddingTile.IsStreamed(v.Layout, gradient);
            for (var index = from; index < until; index++)
            {
                var tile = new EmbeddingTile(v.Layout, index);
                var image = v.Images[tile.Image];
                var e = tile.LoadEmbeddings(v.Layout, v.Embeddings, transposed);
                var rows = new Rows(first, v.Owners + tile.First, tile.Count);
                var sum = new TileGradient(e, memory, rows.Owners.Labels, shift + (long)image.FirstCluster * channels);
                var unlabelled = v.Terms.UnlabelledPush != 0 && rows.Owners.Contains(image.UnlabelledOwner);
                for (var k = 0; k < image.Objects; k++)
                {
                    tile.Expect(v.Layout, v.Embeddings, k);
                    if (ObjectWeights(transposed, rows, image, k, unlabelled, weighted.Next))
                        Keep(e, ref weighted, ref sum, v.Objects + (long)(image.FirstObject + k) * channels, null);
                }

                LoadLineFactors(tile, rows);
                var keep = Math.Min(kept.Anchors(tile), image.Anchors);
                if (keep < image.Anchors)
                    tile.LoadEmbeddings(v.MomentumLayout, v.Momentum, g);
                for (var a = 0; a < image.Anchors; a++)
                {
                    if (keep < image.Anchors)
                        tile.Expect(v.MomentumLayout, v.Momentum, a);
                    if (keep > 0)
                        kept.Expect(tile, a);
                    var anchor = image.FirstAnchor + a;
                    var targets = v.Terms.Consistency == MaskLoss.CrossEntropy ? rows.TargetSquares : rows.Targets;
                    if (a < keep)
                        targets = kept.Row(tile, a);
                    else
                        v.AnchorTargets(g, anchor, rows);
                    if (AnchorWeights(transposed, targets, anchor, rows, weighted.Next))
                    {
                        var row = (long)anchor * channels;
                        Keep(e, ref weighted, ref sum, v.Anchors + row, anchorPartials + part * anchorLength + row);
                    }
                }

                TileSums.Add(e, weighted);
                sum.Finish(weighted, gradient + tile.First * v.Layout.PixelStride + v.Layout.ChannelOffset, v.Layout.PixelStride, past);
                weighted.Clear();
            }
        }

        /// <summary>The next row is complete. What full rows do to the pixels, and what these do to the anchors, is added up.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Keep(in TileEmbeddings e, ref WeightedRows weighted, ref TileGradient sum, float* centre, double* sums)
        {
            weighted.Keep(centre, sums);
            if (!weighted.IsFull)
                return;
            TileSums.Add(e, weighted);
            sum.Add(weighted);
            weighted.Clear();
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void LoadLineFactors(in EmbeddingTile tile, in Rows rows)
        {
            if (v.Terms.LineLength == 0)
                return;
            for (var p = 0; p < tile.Count; p++)
            {
                var line = (tile.First + p) / v.Terms.LineLength;
                rows.LineOverlaps[p] = lineFactors[2 * line];
                rows.LineSquares[p] = lineFactors[2 * line + 1];
            }

            new Span<float>(rows.LineOverlaps + tile.Count, PixelTile.Pixels - tile.Count).Clear();
            new Span<float>(rows.LineSquares + tile.Count, PixelTile.Pixels - tile.Count).Clear();
        }

        /// <summary>The weights of one object; whether any is not 0.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private bool ObjectWeights(float* e, in Rows rows, in ImageCentres image, int k, bool unlabelled, float* weights)
        {
            var terms = v.Terms;
            var present = rows.Owners.Contains(image.FirstOwner + k);
            if (!present && !unlabelled && terms.Instance == MaskLoss.None)
                return false;
            v.ObjectMasks(e, image, k, rows);
            v.Hinges(rows, image, k, present, unlabelled, weights, out _, out _);
            if (terms.Instance == MaskLoss.Dice)
                TileTerms.AddObjectDice(rows.Masks, rows.Owners.Labels, image.FirstOwner + k, v.ObjectFactors[image.FirstObject + k], weights);
            else if (terms.Instance == MaskLoss.CrossEntropy)
                v.AddObjectCrossEntropy(rows, image, k, weights);
            return AnyWeight(weights);
        }

        /// <summary>The weights of one anchor, from the masks of g or, for a cross-entropy, their squared distances; whether any is not 0.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private bool AnchorWeights(float* e, float* targets, int anchor, in Rows rows, float* weights)
        {
            var factors = v.AnchorFactors[anchor];
            v.AnchorMasks(e, anchor, rows);
            if (v.Terms.Consistency == MaskLoss.Dice && v.Terms.LineLength == 0)
                return TileTerms.AnchorDiceWeights(rows.Masks, targets, factors.Overlap, factors.Square, weights);
            if (v.Terms.Consistency == MaskLoss.CrossEntropy)
                TileTerms.AnchorCrossEntropyWeights(rows.Squares, rows.Masks, targets, v.Terms.Falloff, factors.CrossEntropy, weights);
            else
                TileTerms.AnchorDiceWeights(rows.Masks, targets, rows.LineOverlaps, rows.LineSquares, weights);
            return AnyWeight(weights);
        }

        private static bool AnyWeight(float* weights) => new ReadOnlySpan<float>(weights, PixelTile.Pixels).ContainsAnyExcept(0f);
    }

    /// <summary>Numbers per pixel of the tile at hand.</summary>
    private readonly struct Rows(float* first, int* owners, int count)
    {
        public const int Count = 8;

        public readonly float* Squares = first;
        public readonly float* TargetSquares = first + Stride;
        public readonly float* Masks = first + 2 * Stride;

        /// <summary>The masks of g; for an object its own pixels' masks.</summary>
        public readonly float* Targets = first + 3 * Stride;

        /// <summary>Followed by <see cref="LineSquares"/>.</summary>
        public readonly float* LineOverlaps = first + 4 * Stride;
        public readonly float* LineSquares = first + 5 * Stride;
        public readonly int* Uncovered = (int*)(first + 6 * Stride);
        public readonly TileOwners Owners = new(owners, count, (int*)(first + 7 * Stride));
    }
}
